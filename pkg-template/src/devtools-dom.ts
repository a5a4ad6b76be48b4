/** Makes elements without markup: nothing here is a sink of Trusted Types, and no style is an attribute. */

export type Child = Node | string | null;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element of HTML. `true` is an attribute without a value; `false` and `undefined` are none. */
export function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const name of Object.keys(attributes)) setAttribute(made, name, attributes[name]);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Makes an element of SVG. */
export function s<Tag extends keyof SVGElementTagNameMap>(tag: Tag, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(SVG, tag);
  for (const name of Object.keys(attributes)) setAttribute(made, name, attributes[name]);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Sets an attribute if it is not so already. */
export function setAttribute(element: Element, name: string, value: string | number | boolean | undefined): void {
  const text = value === true ? "" : value === false || value === undefined ? null : String(value);
  if (element.getAttribute(name) === text) return;
  if (text === null) element.removeAttribute(name);
  else element.setAttribute(name, text);
}

/** Sets a text if it is not so already, so that nothing that is selected or read aloud is disturbed. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Elements of SVG that are drawn anew many times, and made once. */
export class Layer {
  readonly group: SVGGElement;
  #next = 0;

  constructor(name: string) {
    this.group = s("g", { class: name });
  }

  /** The next element of the drawing. All of its attributes are to be given each time. */
  draw(tag: "rect" | "path" | "line" | "circle" | "text", attributes: Attributes, text?: string): void {
    let element = this.group.children[this.#next];
    if (element?.localName !== tag) {
      const made = s(tag);
      if (element) element.replaceWith(made);
      else this.group.append(made);
      element = made;
    }
    this.#next += 1;
    for (const { name } of [...element.attributes]) if (!(name in attributes)) element.removeAttribute(name);
    for (const name of Object.keys(attributes)) setAttribute(element, name, attributes[name]);
    if (tag === "text") setText(element, text ?? "");
  }

  /** Takes away what the drawing before this one had more. */
  end(): void {
    while (this.group.children.length > this.#next) this.group.lastChild!.remove();
    this.#next = 0;
  }
}

const ICONS = {
  refresh: "M13 3v3.5H9.5M12.6 6.2A5.2 5.2 0 1 0 13.2 9",
  expire: "M4.5 2.5h7M4.5 13.5h7M5.5 2.5v2.2L8 8l2.5-3.3V2.5M5.5 13.5v-2.2L8 8l2.5 3.3v2.2",
  offline: "M2 2l12 12M3 7.2a7.4 7.4 0 0 1 2.2-1.5M8 5a7.4 7.4 0 0 1 5 2.2M5 9.6A4.4 4.4 0 0 1 7 8.5M8 12.3v.1",
  signOut: "M6.5 2.5h-3v11h3M10.5 5.5 13 8l-2.5 2.5M13 8H6.5",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  down: "M4 6.5 8 10l4-3.5",
  minus: "M4 8h8",
  plus: "M4 8h8M8 4v8",
} as const;

/** A drawing that says nothing by itself. */
export const icon = (name: keyof typeof ICONS): SVGSVGElement =>
  s("svg", { class: "icon", viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, s("path", { d: ICONS[name] }));
