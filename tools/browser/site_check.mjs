// Opens every page of a built site from its folder, with the outside blocked: light, dark, phone.
// Searches in each language, too. Fails on a request that leaves the folder, an error in the console, a picture without
// alternative text or out of proportion, a formula that is not drawn or meets its number, a finding of axe, a page wider than a phone and
// a page of more than 1.5 MB.
// usage: node site_check.mjs SITE_FOLDER OUT_DIR
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { launch } from './chromium.mjs';

const [site, out] = process.argv.slice(2).map((folder) => path.resolve(folder));
const LIMIT = 1.5e6;
const VIEWS = {
  light: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light' },
};
const axe = fs.readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
// Without preload: from a folder axe may not read the style sheets a second time.
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'], preload: false };

// What a search from the folder has to find: page, question, chapter.
const SEARCHES = [
  ['search.html', 'normalisation', '04_group_normalization'],
  ['zh/search.html', '归一化', '04_group_normalization'],
  ['zh/search.html', '批归一化', '04_group_normalization'],
  ['zh/search.html', '方差', '04_group_normalization'],
  ['zh/search.html', '权重衰减', '04_group_normalization'], // the glossary has it as a whole
];

function pagesOf(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  const found = entries.filter((e) => e.isFile() && e.name.endsWith('.html'));
  return found.map((e) => path.join(folder, e.name));
}

async function searchProblems(browser, name, question, chapter) {
  const page = await browser.newPage();
  const said = [];
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  const url = pathToFileURL(path.join(site, name)).href;
  await page.goto(`${url}?q=${encodeURIComponent(question)}`, { waitUntil: 'load' });
  const first = page.locator(`#search-results a[href*="${chapter}"]`).first();
  const found = await first.waitFor({ timeout: 5000 }).then(() => true, () => false);
  await page.screenshot({ path: path.join(out, `search-${question}.png`) });
  await page.close();
  return found ? said : [...said, `${name} does not find ${chapter} for ${question}`];
}

async function problemsOf(browser, file, name, view) {
  const context = await browser.newContext(view);
  const page = await context.newPage();
  const said = [];
  let bytes = 0;
  page.on('pageerror', (error) => said.push(`error: ${error.message}`));
  page.on('console', (line) => line.type() === 'error' && said.push(`console: ${line.text()}`));
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (/^(data|blob):/.test(url)) return route.continue();
    if (!url.startsWith(pathToFileURL(site).href)) {
      said.push(`asks for ${url}`);
      return route.abort();
    }
    bytes += fs.statSync(fileURLToPath(url.split(/[?#]/)[0])).size;
    return route.continue();
  });
  await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
  await page.evaluate(async () => { // pictures load when they come into view
    for (let y = 0; y < document.body.scrollHeight; y += 500) {
      window.scrollTo(0, y);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    window.scrollTo(0, 0);
  });
  await page.waitForTimeout(300);

  const seen = await page.evaluate(() => ({
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    without: [...document.images].filter((image) => !image.alt.trim()).length,
    raw: [...document.querySelectorAll('.math')].filter((m) => !m.querySelector('.katex')).length,
    wrong: document.querySelectorAll('.katex-error').length,
    long: [...document.querySelectorAll('div.math')]
      .filter((m) => m.classList.contains('long') || m.scrollWidth > m.clientWidth + 1)
      .map((m) => m.querySelector('annotation').textContent.slice(0, 60)),
    stretched: [...document.querySelectorAll('.bd-content figure img')].filter((image) => {
      const edge = 2 * parseFloat(getComputedStyle(image).padding || 0);
      const shown = (image.clientWidth - edge) / (image.clientHeight - edge);
      return Math.abs(shown / (image.naturalWidth / image.naturalHeight) - 1) > 0.03;
    }).length,
  }));
  if (seen.stretched) said.push(`${seen.stretched} pictures are stretched`);
  if (seen.wider > 0) said.push(`${seen.wider} px wider than the screen`);
  if (seen.without) said.push(`${seen.without} pictures without alternative text`);
  if (seen.raw + seen.wrong) said.push(`${seen.raw + seen.wrong} formulas are not drawn`);
  if (view.viewport.width > 1000) said.push(...seen.long.map((tex) => `too wide: ${tex}`));
  if (bytes > LIMIT) said.push(`${bytes} bytes, more than ${LIMIT}`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate((rules) => window.axe.run(document, rules), RULES);
  for (const { id, nodes } of violations) said.push(`axe: ${id} at ${nodes[0].target.join(' ')}`);

  await page.screenshot({ path: path.join(out, `${name}.png`) });
  await context.close();
  return { said, bytes };
}

fs.mkdirSync(out, { recursive: true });
const browser = await launch();
let failed = 0;
const folders = ['.', 'notebooks', 'data', 'zh', 'zh/notebooks'];
for (const file of folders.flatMap((folder) => pagesOf(path.join(site, folder)))) {
  const stem = path.relative(site, file).replace(/\.html$/, '').replaceAll(path.sep, '-');
  for (const [view, options] of Object.entries(VIEWS)) {
    const { said, bytes } = await problemsOf(browser, file, `${stem}-${view}`, options);
    console.log(`${said.length ? 'FAIL' : 'ok  '} ${stem} ${view} ${(bytes / 1000).toFixed(0)} kB`);
    for (const line of said) console.log(`     ${line}`);
    failed += said.length;
  }
}
for (const search of SEARCHES) {
  const said = await searchProblems(browser, ...search);
  console.log(`${said.length ? 'FAIL' : 'ok  '} search ${search[1]}`);
  for (const line of said) console.log(`     ${line}`);
  failed += said.length;
}
await browser.close();
process.exit(failed ? 1 : 0);
