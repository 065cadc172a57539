// As much of a browser's document as the status page's script uses.

const VOID_TAGS = ["meta", "link"];
const ESCAPES: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&#39;": "'",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};

/** An element, or a text, which has no tag. */
export class FakeElement {
  readonly children: FakeElement[] = [];
  readonly dataset: Record<string, string> = {};
  readonly classes = new Set<string>();
  readonly attributes = new Map<string, string>();
  readonly tag: string;
  parentElement: FakeElement | undefined;
  /** How often its text was set. */
  writes = 0;
  scope = "";
  #text: string;
  #onClick = (): void => {};

  constructor(tag: string, text = "") {
    this.tag = tag;
    this.#text = text;
  }

  readonly classList = {
    add: (name: string) => void this.classes.add(name),
    remove: (name: string) => void this.classes.delete(name),
    toggle: (name: string, isSet: boolean) =>
      isSet ? this.classes.add(name) : this.classes.delete(name),
  };

  get textContent(): string {
    return this.children.map((child) => child.textContent).join("") +
      this.#text;
  }

  set textContent(text: string) {
    this.writes++;
    this.children.length = 0;
    this.#text = text;
  }

  get rows(): FakeElement[] {
    return this.all("tr");
  }

  get cells(): FakeElement[] {
    return this.children.filter(({ tag }) => tag === "th" || tag === "td");
  }

  append(child: FakeElement): void {
    child.parentElement = this;
    this.children.push(child);
  }

  insertRow(): FakeElement {
    return this.#insert("tr");
  }

  insertCell(): FakeElement {
    return this.#insert("td");
  }

  deleteRow(index: number): void {
    this.children.splice(this.children.indexOf(this.rows.at(index)!), 1);
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  addEventListener(_click: string, listener: () => void): void {
    this.#onClick = listener;
  }

  click(): void {
    this.#onClick();
  }

  /** Its descendants with a tag or, after a `#`, an id. */
  all(selector: string): FakeElement[] {
    return this.children.flatMap((child) => [
      ...(child.tag === selector ||
          `#${child.attributes.get("id")}` === selector
        ? [child]
        : []),
      ...child.all(selector),
    ]);
  }

  #insert(tag: string): FakeElement {
    const child = new FakeElement(tag);
    this.append(child);
    return child;
  }
}

/** What `document` is to the script. */
export class FakeDocument {
  readonly documentElement: FakeElement;

  constructor(html: string) {
    const root = new FakeElement("");
    let current = root;
    const pieces = html.matchAll(/<(\/?)(\w+)([^>]*)>|([^<]+)/g);
    for (const [, end, tag, attributes, text] of pieces) {
      if (text !== undefined) {
        current.append(new FakeElement("", unescape(text)));
      } else if (end) {
        current = current.parentElement!;
      } else {
        const element = new FakeElement(tag!);
        setAttributes(element, attributes!);
        current.append(element);
        if (!VOID_TAGS.includes(tag!)) current = element;
      }
    }
    this.documentElement = root.all("html")[0]!;
  }

  get body(): FakeElement {
    return this.querySelector("body")!;
  }

  createElement(tag: string): FakeElement {
    return new FakeElement(tag);
  }

  getElementById(id: string): FakeElement | undefined {
    return this.querySelector(`#${id}`);
  }

  querySelector(selector: string): FakeElement | undefined {
    return this.querySelectorAll(selector)[0];
  }

  querySelectorAll(selector: string): FakeElement[] {
    return selector.split(" ").reduce(
      (found, part) => found.flatMap((element) => element.all(part)),
      [this.documentElement],
    );
  }
}

/** A connection for events, which come when the test says so. */
export class FakeEventSource {
  static readonly CLOSED = 2;
  readyState = 1;
  readonly #listeners = new Map<string, (event: unknown) => void>();

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: (event: unknown) => void): void {
    this.#listeners.set(type, listener);
  }

  show(event: unknown): void {
    this.#listeners.get("message")!({ data: JSON.stringify(event) });
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.#listeners.get("error")!({});
  }

  close(): void {
    this.readyState = FakeEventSource.CLOSED;
  }
}

function setAttributes(element: FakeElement, text: string): void {
  for (const [, name, value] of text.matchAll(/([\w-]+)="([^"]*)"/g)) {
    element.setAttribute(name!, unescape(value!));
    if (name === "class") element.classes.add(value!);
    if (name!.startsWith("data-")) {
      element.dataset[name!.slice(5)] = unescape(value!);
    }
  }
}

function unescape(text: string): string {
  return text.replaceAll(/&[^;]+;/g, (escape) => ESCAPES[escape]!);
}
