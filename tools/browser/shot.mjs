// Screenshots of a page: the whole of it, and optionally each element that a selector finds.
// usage: node shot.mjs FILE_OR_URL OUT.png [WIDTH=1100] [SELECTOR, such as img]
// The elements become OUT-01.png, OUT-02.png, ...
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';
import { launch } from './chromium.mjs';

const [target, out, width = '1100', selector] = process.argv.slice(2);
const url = fs.existsSync(target) ? pathToFileURL(target).href : target;
const browser = await launch();
const page = await browser.newPage({ viewport: { width: Number(width), height: 900 } });
await page.goto(url, { waitUntil: 'load', timeout: 120_000 });
await page.waitForTimeout(Number(process.env.WAIT_MS ?? 1000)); // formulas, when there is a network
await page.screenshot({ path: out, fullPage: true });
const elements = selector ? await page.locator(selector).all() : [];
for (const [i, element] of elements.entries()) {
  const name = out.replace(/\.png$/, `-${String(i + 1).padStart(2, '0')}.png`);
  if (await element.isVisible()) await element.screenshot({ path: name });
}
console.log(`${out}, and ${elements.length} element(s)`);
await browser.close();
