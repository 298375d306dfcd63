// What a screen reader says of a slider: its name, and the chosen value instead of its number.
// explore.py puts their JSON in the place of the three capital words.
(() => {
  const [mark, name, values] = [MARK, NAME, VALUES];
  const speak = (handle) => {
    const text = values[Math.round(Number(handle.getAttribute('aria-valuenow')))];
    if (handle.getAttribute('aria-label') !== name) handle.setAttribute('aria-label', name);
    if (handle.getAttribute('aria-valuetext') !== text) handle.setAttribute('aria-valuetext', text);
  };
  const dress = (handle) => {
    speak(handle);
    const attributes = { attributes: true, attributeFilter: ['aria-valuenow', 'aria-valuetext'] };
    new MutationObserver(() => speak(handle)).observe(handle, attributes);
  };
  const wait = (tries) => {
    const handles = document.querySelectorAll(`.${mark} .noUi-handle`);
    if (handles.length) handles.forEach(dress);
    else if (tries) setTimeout(wait, 100, tries - 1); // the slider is drawn later than this runs
  };
  wait(300);
})();
