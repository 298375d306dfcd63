// What is wider than the screen scrolls in a box of its own: let the keyboard scroll it too.
// After "load", since the formulas are drawn by then.
window.addEventListener("load", () => {
  for (const formula of document.querySelectorAll("div.math")) {
    const bases = [...formula.querySelectorAll(".katex-html > .base")];
    const right = Math.max(...bases.map((base) => base.getBoundingClientRect().right));
    const number = formula.querySelector(".katex-html > .tag")?.getBoundingClientRect().left;
    formula.classList.toggle("long", right > number - 8); // its number stands behind it, not on it
  }
  for (const box of document.querySelectorAll("div.math, figure, .cell_output table, pre")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
    }
  }
});

// From a folder a browser reads no second file for a page: search results are titles there.
if (location.protocol === "file:") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}

// In a translation code and outputs are English: a screen reader should say so.
for (const part of document.querySelectorAll("html:not([lang=en]) :is(.cell_input, .cell_output)")) {
  part.lang = "en";
  for (const caption of part.querySelectorAll("figcaption")) {
    caption.lang = document.documentElement.lang;
  }
}
