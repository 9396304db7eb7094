/*
 * Steps that rounding may have on the other side of a corner, a tie or a jump. `page` is that of `settled.js`.
 */

/** The steps of which rounding may decide on which side of a border they stand. u: the values changed a little.
 * ties: whether those count that stand on it, where rounding may have led them. */
function turning(page, v, u, ties) {
  const { inside, jumping, nodes, signed, tied, values, wrapping } = page;
  const found = [];
  for (let i = 0; i < nodes; i++) {
    const [first, ...others] = inside[i];
    const isCrossed = (apart, by) => (ties ? by : apart) !== 0 && Math.abs(by) >= Math.abs(apart);
    const moved = u[first] - v[first];
    if (signed.has(i)) {
      if (isCrossed(v[first], moved)) found.push(i);
    } else if (tied.has(i)) {
      if (others.some((each) => isCrossed(v[first] - v[each], moved - (u[each] - v[each])))) found.push(i);
    } else if (wrapping.has(i)) {
      const least = Math.abs(v[others[0]]) / 8;
      if (Math.abs(moved) >= least || Math.abs(values[i](u, v) - v[i]) >= least) found.push(i);
    } else if (jumping.has(i) && moved !== 0) {
      if ([u, Float64Array.from(v, (each, k) => 2 * each - u[k])].some((at) => values[i](at, v) !== v[i])) found.push(i);
    }
  }
  return found;
}

/** The nodes whose gradients may be others if these steps stand elsewhere. */
function behind(page, v, g, lost, turned) {
  const { changing, edges, inside, jumping, nodes, says, signed, tied, wrapping } = page;
  if (!turned.size) return [];
  const say = speaking(page, v);
  const jumps = new Uint8Array(nodes); // whose values may be others
  for (const i of turned) if (say[i] && (jumping.has(i) || wrapping.has(i))) jumps[i] = 1;
  for (const [tail, head] of edges) if (jumps[tail]) jumps[head] = 1;
  const isOther = (i) => jumps[i] === 1;
  const isElsewhere = (i) => {
    if (says.has(i)) return isOther(inside[i][0]);
    const hasSides = signed.has(i) || tied.has(i) || wrapping.has(i);
    return hasSides && ((turned.has(i) && say[i]) || inside[i].some(isOther));
  };
  const found = new Uint8Array(nodes);
  for (let e = edges.length - 1; e >= 0; e--) {
    const [tail, head] = edges[e];
    if (jumping.has(head) || (g[head] === 0 && !lost[head] && !found[head])) continue;
    if (found[head] || isElsewhere(head) || changing[e].some(isOther)) found[tail] = 1;
  }
  return [...found.keys()].filter((i) => found[i]);
}
