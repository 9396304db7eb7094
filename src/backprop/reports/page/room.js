// Room in a picture for boxes that grow: what is left of, above, or between others stays so. Rows and columns
// that a grown box covers are stretched; all else keeps its distances.

export class Room {
  /** boxes: each with its element, its frame, and where that is. wires: the arrows between them. */
  constructor(root, boxes, wires) {
    this.root = root;
    this.boxes = boxes;
    const [, , width, height] = root.getAttribute("viewBox").split(" ").map(Number);
    this.whole = { width, height };
    this.wires = wires.map((wire) => {
      const [tail, head] = wire.dataset.ends.split(" ").map(Number);
      const numbers = wire.getAttribute("d").match(/-?[\d.]+/g).map(Number);
      const points = Array.from({ length: numbers.length / 2 }, (_, at) => [numbers[2 * at], numbers[2 * at + 1]]);
      return { wire, tail, head, points };
    });
  }

  /** Give the boxes these sizes. */
  arrange(sizes) {
    const { boxes, whole } = this;
    const spans = (from, size) => boxes.map(({ spot }, at) => ({ low: spot[from], high: spot[from] + spot[size], size: sizes[at][size] }));
    const across = stretched(spans("left", "width"), whole.width);
    const down = stretched(spans("top", "height"), whole.height);
    const now = boxes.map(({ spot }, at) => {
      const { width, height } = sizes[at];
      const x = (across(spot.left) + across(spot.left + spot.width)) / 2;
      const y = (down(spot.top) + down(spot.top + spot.height)) / 2;
      return { x, y, width, height };
    });
    boxes.forEach((each, at) => place(each, now[at]));
    for (const { wire, tail, head, points } of this.wires) {
      const own = boxes[tail].spot;
      const by = [now[tail].x - own.left - own.width / 2, now[tail].y - own.top - own.height / 2];
      const moved = points.map(([x, y]) => (tail === head ? [x + by[0], y + by[1]] : [across(x), down(y)]));
      const ends = [this.end(points[0], tail, now), this.end(points.at(-1), head, now)];
      wire.setAttribute("d", pathOf(fastened(moved, ends)));
    }
    const [width, height] = [across(whole.width), down(whole.height)].map(rounded);
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.root.setAttribute("width", width);
    this.root.setAttribute("height", height);
  }

  /** Where a wire that ended at a point of a box's edge, or near it, ends now. */
  end([x, y], at, now) {
    const { left, top, width, height } = this.boxes[at].spot;
    const is = now[at];
    const offset = [x - left - width / 2, y - top - height / 2];
    const beyond = [0, 1].map((k) => {
      const half = [width, height][k] / 2;
      const out = Math.max(0, Math.abs(offset[k]) - half);
      const part = Math.sign(offset[k]) * Math.min(Math.abs(offset[k]), half);
      return (part / half) * ([is.width, is.height][k] / 2) + Math.sign(offset[k]) * out;
    });
    return [is.x + beyond[0], is.y + beyond[1]];
  }
}

/** Put a box where it is now, and make its frame as large. */
function place({ box, frame, spot }, { x, y, width, height }) {
  const [left, top] = [rounded(x - width / 2), rounded(y - height / 2)];
  box.setAttribute("transform", `translate(${rounded(left - spot.left)} ${rounded(top - spot.top)})`);
  box.dataset.at = `${left} ${top}`;
  frame.setAttribute("width", width);
  frame.setAttribute("height", height);
}

/** Where a place of the picture is when spans {low, high} have the size that they are to have. */
function stretched(spans, end) {
  const marks = [...new Set([0, end, ...spans.flatMap(({ low, high }) => [low, high])])].sort((one, other) => one - other);
  const turn = new Map(marks.map((mark, at) => [mark, at]));
  const lengths = marks.slice(1).map((mark, at) => mark - marks[at]);
  for (const { low, high, size } of spans) {
    const [first, last] = [turn.get(low), turn.get(high)];
    let sum = 0;
    for (let at = first; at < last; at++) sum += lengths[at];
    const factor = Math.max(1, size / sum);
    for (let at = first; at < last; at++) lengths[at] *= factor;
  }
  const places = [0];
  for (const length of lengths) places.push(places.at(-1) + length);
  return (mark) => {
    let at = marks.findLastIndex((each) => each <= mark);
    at = Math.max(0, Math.min(at, lengths.length - 1));
    const part = (mark - marks[at]) / (marks[at + 1] - marks[at]);
    return places[at] + part * lengths[at];
  };
}

/** The points of a curve with other ends, towards which its first and last part lean as before. */
function fastened(points, [start, end]) {
  const moved = points.map((point) => [...point]);
  const last = points.length - 1;
  for (const [from, to, target] of [[0, 1, start], [last, last - 1, end]]) {
    const by = [0, 1].map((k) => target[k] - points[from][k]);
    for (const at of [from, to]) moved[at] = [0, 1].map((k) => points[at][k] + by[k]);
  }
  return moved;
}

function pathOf([first, ...rest]) {
  return `M${first.map(rounded).join(" ")}C${rest.map((point) => point.map(rounded).join(" ")).join(" ")}`;
}

function rounded(number) {
  return Math.round(number * 10) / 10;
}
