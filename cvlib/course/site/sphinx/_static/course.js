// What is wider than the screen scrolls in a box of its own: let the keyboard scroll it too.
// After "load", since the formulas are drawn by then.
window.addEventListener("load", () => {
  for (const box of document.querySelectorAll("div.math, figure, .cell_output table, pre")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    }
  }
});
