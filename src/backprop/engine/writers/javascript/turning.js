/*
 * Steps that rounding may have on the other side of a corner, a tie or a jump. `page` is that of `settled.js`.
 */

/** The steps of which rounding may decide on which side of a border they stand, or whether on it. u: the values
 * changed a little. */
function turning(page, v, u) {
  const { inside, jumping, nodes, signed, tied, values, wrapping } = page;
  const found = [];
  for (let i = 0; i < nodes; i++) {
    const [first, ...others] = inside[i];
    const isCrossed = (apart, by) => by !== 0 && 16 * Math.abs(by) >= Math.abs(apart);
    const moved = u[first] - v[first];
    if (signed.has(i)) {
      if (isCrossed(v[first], moved)) found.push(i);
    } else if (tied.has(i)) {
      const isNear = (each) => isCrossed(v[first] - v[each], moved - (u[each] - v[each]));
      if (others.some((each) => isNear(each) && !isAlike(page, v, first, each))) found.push(i);
    } else if (wrapping.has(i)) {
      const least = Math.abs(v[others[0]]) / 8;
      if (Math.abs(moved) >= least || Math.abs(values[i](u, v) - v[i]) >= least) found.push(i);
    } else if (jumping.has(i) && moved !== 0) {
      if ([u, Float64Array.from(v, (each, k) => 2 * each - u[k])].some((at) => values[i](at, v) !== v[i])) found.push(i);
    }
  }
  return found;
}

/** The values where what is lost is not, and what it is lost in is a little off. */
function around(page, v, isLost, more) {
  const [u, isOff] = [Float64Array.from(v), new Uint8Array(page.nodes)];
  return again(page, u, v, 0, (value, i) => {
    if (page.jumping.has(i)) return v[i];
    const isGone = isLost(value, i, u);
    if (isGone || page.inside[i].some((each) => isOff[each])) isOff[i] = 1;
    if (isGone) return more(value, i);
    return isOff[i] && !page.kept.has(i) ? value * (1 + 2 ** -50 * (1 + (i % 61) / 61)) : value;
  });
}

/** Whether two nodes are computed in the same way from the same numbers, as far as a look goes. */
function isAlike(page, v, one, other) {
  const waiting = [[one, other]];
  for (let count = 0; waiting.length && count < 1000; count++) {
    const [i, k] = waiting.pop().map((each) => given(page, v, each));
    if (v[i] !== v[k] || page.ops[i] !== page.ops[k]) return false;
    if (i !== k) page.inside[i].forEach((each, at) => waiting.push([each, page.inside[k][at]]));
  }
  return !waiting.length;
}

/** The node whose value a step gives back, if it is one that does. */
function given({ inside, kept, says }, v, i) {
  let found = i;
  for (let next = i; next !== undefined; ) {
    found = next;
    const parts = kept.has(found) ? inside[found] : [];
    next = says.has(found) ? parts[v[parts[0]] !== 0 ? 1 : 2] : parts.find((each) => v[each] === v[found]);
  }
  return found;
}

/** Whether what a step gives changes by more than its slopes tell, where an operand changes. */
function hasSides({ signed, tied, wrapping }, i) {
  return signed.has(i) || tied.has(i) || wrapping.has(i);
}

/** Whether a step stands on its border as far as the digits of wide numbers x tell, but they may not be all. */
function isOnBorder(page, v, x, exact, i) {
  const { inside, signed, tied } = page;
  const [one, ...others] = inside[i];
  if (signed.has(i)) return !exact[one] && x[one][0] === 0;
  const isTie = (each) => widePlus(x[one], [-x[each][0], x[each][1]])[0] === 0 && !isAlike(page, v, one, each);
  return tied.has(i) && others.some((each) => !(exact[one] && exact[each]) && isTie(each));
}

/** The nodes whose gradients may be others if these steps stand elsewhere. */
function behind(page, v, g, lost, turned) {
  const { changing, edges, inside, jumping, nodes, says, wrapping } = page;
  if (!turned.size) return [];
  const say = speaking(page, v);
  const jumps = new Uint8Array(nodes); // whose values may be others
  for (const i of turned) if (say[i] && (jumping.has(i) || wrapping.has(i))) jumps[i] = 1;
  for (const [tail, head] of edges) if (jumps[tail]) jumps[head] = 1;
  const isOther = (i) => jumps[i] === 1;
  const isElsewhere = (i) => {
    if (says.has(i)) return isOther(inside[i][0]);
    return hasSides(page, i) && ((turned.has(i) && say[i]) || inside[i].some(isOther));
  };
  const found = new Uint8Array(nodes);
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (jumping.has(head) || (g[head] === 0 && !lost[head] && !found[head])) continue;
    if (found[head] || isElsewhere(head) || changing[e].some(isOther)) found[tail] = 1;
  }
  return [...found.keys()].filter((i) => found[i]);
}
