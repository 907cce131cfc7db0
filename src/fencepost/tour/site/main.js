// The shell: which page the link names, the navigation, light and dark.
import { el, fill, notice } from "./lib/dom.js";

/**
 * @typedef {Record<string, string>} State what a link restores
 * @typedef {{ state: State, update: (changes: State) => void }} Context
 * @typedef {{ title: string, lead: string, tutorial: string,
 *   mount: (root: HTMLElement, context: Context) => void | (() => void) }} Page
 */

/** Pages in the order of the article, each a module of pages/. @type {[string, string][]} */
const PAGES = [
  ["lists", "Lists"], ["kernels", "Kernels"], ["pooling", "Pooling"], ["sizes", "Sizes"],
  ["weights", "Shared weights"], ["design", "Design"], ["train", "Train"], ["draw", "Draw"],
  ["model", "Your model"],
]; // prettier-ignore

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const nav = /** @type {HTMLElement} */ (document.querySelector("nav"));
/** @type {void | (() => void)} */
let unmount;
let shown = "";

/** @returns {[string, State]} */
function readLink() {
  const [name, query] = location.hash.slice(1).split("?");
  const known = PAGES.some(([id]) => id === name);
  return [known ? name : "lists", Object.fromEntries(new URLSearchParams(query ?? ""))];
}

/** @param {string} name @param {State} state */
const link = (name, state) => {
  const query = new URLSearchParams(state).toString();
  return `#${name}${query ? "?" + query : ""}`;
};

async function open() {
  const [name, state] = readLink();
  const found = await import(`./pages/${name}.js`).catch(() => null);
  if (!found) return void main.prepend(notice("This page could not be loaded. Start `fencepost tour` again if it has ended, and reload."));
  const { page } = /** @type {{ page: Page }} */ (found);
  if (readLink()[0] !== name) return; // another page was asked for meanwhile
  unmount?.();
  shown = link(name, state);
  for (const a of nav.querySelectorAll("a"))
    if (a.dataset.page === name) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  nav.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  document.title = `${page.title} · fencepost tour`;
  /** @param {State} changes */
  const update = (changes) => {
    Object.assign(state, changes);
    for (const key of Object.keys(state)) if (state[key] === "") delete state[key];
    shown = link(name, state);
    history.replaceState(null, "", shown);
  };
  const root = el("div.page", null);
  const at = PAGES.findIndex(([id]) => id === name);
  const next = PAGES[at + 1];
  fill(
    main,
    el("header", null,
      el("h1", { tabindex: "-1" }, page.title),
      el("p.lead", null, page.lead),
    ),
    root,
    el("footer", null,
      el("button", { onclick: copyLink }, "Copy the link to this state"),
      el("a", { href: `../tutorial/${page.tutorial}`, class: "tutorial", hidden: !location.pathname.includes("/tour/") }, "The chapter of the tutorial"),
      next && el("a", { href: `#${next[0]}` }, `Next: ${next[1]} →`),
    ),
  ); // prettier-ignore
  try {
    unmount = page.mount(root, { state, update });
  } catch (error) {
    console.warn(error);
    for (const key of Object.keys(state)) delete state[key];
    fill(root);
    unmount = page.mount(root, { state, update });
    root.prepend(notice("This link holds a state that the page cannot show, so it starts afresh."));
  }
  document.body.dataset.ready = name;
}

/** @param {Event} event */
async function copyLink(event) {
  const button = /** @type {HTMLElement} */ (event.target);
  await navigator.clipboard?.writeText(location.href).catch(() => undefined);
  button.textContent = "Copied: it restores exactly this";
  setTimeout(() => (button.textContent = "Copy the link to this state"), 2000);
}

function theme() {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
}

fill(
  nav,
  el("a.brand", { href: "#lists" }, "fencepost"),
  el("span.links", null, PAGES.map(([id, title], i) =>
    el("a", { href: `#${id}`, "data-page": id }, el("span.number", null, `${i + 1} `), title))),
  el("button.theme", { onclick: theme, "aria-label": "Light or dark" }, "◐"),
); // prettier-ignore
for (const kind of ["error", "unhandledrejection"])
  addEventListener(kind, (/** @type {any} */ event) => {
    const text = (event.reason ?? event.error)?.message;
    if (!text || main.querySelector("[data-broken]")) return;
    const said = notice(`Something went wrong on this page: ${text} Reload it to continue; the address keeps its state.`);
    said.dataset.broken = "";
    main.prepend(said);
  });
addEventListener("hashchange", () => {
  if (location.hash !== shown) open().then(() => main.querySelector("h1")?.focus());
});
open();
