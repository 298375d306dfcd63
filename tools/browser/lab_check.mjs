// Reads a chapter as a learner does: opens it in a real JupyterLab, runs all cells, moves every
// slider and its menus and looks whether the picture follows, has an alternative text, and whether
// a screen reader would hear the value. Exit code 0 when all of that worked and no error of ours
// was logged.
// usage: node lab_check.mjs SERVER TOKEN NOTEBOOK OUT_DIR
import { checked, log } from './lab.mjs';

async function spoken(box) {
  const handle = box.locator('.noUi-handle');
  const element = await handle.elementHandle();
  await box.page().waitForFunction((e) => e.hasAttribute('aria-label'), element);
  const alt = await box.locator('img').getAttribute('alt');
  const label = await handle.getAttribute('aria-label');
  const text = await handle.getAttribute('aria-valuetext');
  const shown = await box.locator('.widget-readout').innerText();
  if (!alt?.trim()) throw new Error('a live picture has no alternative text');
  if (!label?.trim() || text !== shown || !alt.includes(`${label} = ${text}`)) {
    throw new Error(`a slider says ${label}: ${text}, shows ${shown}, its picture: ${alt}`);
  }
  return `${label} = ${text}`;
}

async function followed(box, before) {
  await box.page().waitForFunction(
    ([element, source]) => {
      const image = element.querySelector('img'); // a new one: the HTML is replaced whole
      return image && image.src !== source && image.complete && image.naturalWidth > 0;
    },
    [await box.elementHandle(), before],
    { timeout: 60_000 },
  );
}

// Every menu to its last entry. The picture need not change, but its alternative text says so.
async function chooseMenus(box) {
  const menus = box.locator('select');
  const said = [];
  for (let i = 0; i < (await menus.count()); i += 1) {
    const menu = menus.nth(i);
    const entries = await menu.locator('option').allTextContents();
    const entry = entries.at(-1).replaceAll('\u00a0', ' '); // a menu's blanks do not break
    await menu.selectOption({ index: entries.length - 1 });
    const image = box.locator(`img[alt*=" = ${entry}"]`);
    await image.waitFor({ timeout: 60_000 });
    said.push(entry);
  }
  return said;
}

async function moveSliders(lab) {
  const { page } = lab;
  const boxes = page.locator('.jupyter-widgets.widget-vbox:has(.noUi-target):has(img)');
  await boxes.first().waitFor();
  const count = await boxes.count();
  for (let i = 0; i < count; i += 1) {
    const box = boxes.nth(i);
    await box.scrollIntoViewIfNeeded();
    const before = await box.locator('img').getAttribute('src');
    const first = await spoken(box);
    await lab.shot(`slider-${i + 1}-before`);
    const track = await box.locator('.noUi-target').boundingBox();
    await page.mouse.click(track.x + 0.95 * track.width, track.y + track.height / 2);
    await followed(box, before);
    log(`slider ${i + 1}: ${first} -> ${await spoken(box)}`);
    const entries = await chooseMenus(box);
    if (entries.length) log(`  its menus stand at ${entries.join(', ')}`);
    await lab.shot(`slider-${i + 1}-after`);
  }
  log(`${count} slider(s) moved and their pictures followed`);
}

await checked(moveSliders);
