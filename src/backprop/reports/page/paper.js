// A picture on paper: one that is wider than numbers can be read on a sheet is cut into strips, one below the other.

const WIDE = 1000; // points
const SHARED = 150; // that two strips have in common: a box is whole in one of them

/** Cut the picture that is seen, while the page is printed. picture: gives it. */
export function cutForPaper(picture) {
  let strips = [];
  window.addEventListener("beforeprint", () => {
    const whole = picture();
    const [, , width, height] = whole.getAttribute("viewBox").split(" ").map(Number);
    const count = Math.ceil(width / WIDE);
    if (count === 1) return;
    const wide = width / count + SHARED;
    strips = Array.from({ length: count }, (_, at) => {
      const left = Math.max(0, Math.min(width - wide, at * (width / count) - SHARED / 2));
      const strip = whole.cloneNode(true);
      strip.removeAttribute("id");
      strip.classList.add("strip");
      strip.setAttribute("viewBox", `${left} 0 ${wide} ${height}`);
      strip.setAttribute("width", wide);
      return strip;
    });
    whole.after(...strips);
    whole.classList.add("cut");
  });
  window.addEventListener("afterprint", () => {
    for (const strip of strips) strip.remove();
    strips = [];
    picture().classList.remove("cut");
  });
}
