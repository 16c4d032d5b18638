/**
 * A cursor over the bytes of a JSON document. Long arrays of whole numbers go straight into typed arrays, without a
 * string or an object per cell; everything else is cut out and left to `JSON.parse`.
 */

const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const COLON = 58;
const OPEN = 91;
const BACKSLASH = 92;
const CLOSE = 93;
const BRACE = 123;
const UNBRACE = 125;
const N = 110;

/** Digits that a double holds for sure, whatever they are. */
const SAFE_DIGITS = 15;
const utf8 = new TextDecoder();

/** The bytes end before what they began. */
export class Ends extends SyntaxError {}

export class Scanner {
  at = 0;

  /** @param offset how many bytes of the document lie before these */
  constructor(
    readonly bytes: Uint8Array,
    private readonly offset = 0,
  ) {}

  /** The next byte that is not white space. */
  peek(): number {
    let byte = this.bytes[this.at];
    while (byte === 32 || byte === 10 || byte === 13 || byte === 9) byte = this.bytes[++this.at];
    return byte;
  }

  /** Enters an object; false if it is empty, and behind it already. */
  openObject(): boolean {
    return this.open(BRACE, UNBRACE);
  }

  /** As `openObject`; `null` counts as empty. */
  openArray(): boolean {
    if (this.peek() !== N) return this.open(OPEN, CLOSE);
    this.value();
    return false;
  }

  /** After a field's value: to the next name; false behind the object. */
  moreFields(): boolean {
    return this.more(UNBRACE);
  }

  /** After an item: to the next; false behind the array. */
  moreItems(): boolean {
    return this.more(CLOSE);
  }

  /** A field's name, up to its value. */
  name(): string {
    if (this.peek() !== QUOTE) throw this.unexpected();
    const start = this.at + 1;
    this.skipString();
    const name = nameOf(this.bytes, start, this.at - 1);
    this.expect(COLON);
    this.peek();
    return name;
  }

  /** Calls `field` with every name of an object, the cursor on its value. */
  object(field: (name: string) => void): void {
    if (!this.openObject()) return;
    do field(this.name());
    while (this.moreFields());
  }

  /** Calls `item` with the cursor on every item of an array. */
  array(item: () => void): void {
    if (!this.openArray()) return;
    do item();
    while (this.moreItems());
  }

  /** Any value, to be read later. */
  cut(): Scanner {
    this.peek();
    const start = this.at;
    this.skip();
    return new Scanner(this.bytes.subarray(start, this.at), this.offset + start);
  }

  /** An array without strings as it is written, the cursor staying before it; "" where there is none, or not all of it. */
  written(): string {
    if (this.peek() !== OPEN) return "";
    return utf8.decode(this.bytes.subarray(this.at, this.bytes.indexOf(CLOSE, this.at) + 1));
  }

  /** Any value, by `JSON.parse`. */
  value(): unknown {
    this.peek();
    const start = this.at;
    this.skip();
    return JSON.parse(utf8.decode(this.bytes.subarray(start, this.at)));
  }

  skip(): void {
    const { bytes } = this;
    const first = this.peek();
    if (first === QUOTE) {
      this.skipString();
      return;
    }
    if (first !== OPEN && first !== BRACE) {
      while (!isEnd(bytes[this.at])) this.at++;
      if (this.at >= bytes.length) throw this.unexpected();
      return;
    }
    let depth = 0;
    while (this.at < bytes.length) {
      const byte = bytes[this.at];
      if (byte === QUOTE) {
        this.skipString();
        continue;
      }
      this.at++;
      if (byte === OPEN || byte === BRACE) depth++;
      else if ((byte === CLOSE || byte === UNBRACE) && --depth === 0) return;
    }
    throw this.unexpected();
  }

  /**
   * An array of whole numbers ≥ 0, put into `into` from `base` on, as many as `width`; the rest is counted only.
   * `wide` gets the text of each that has more digits than a double surely holds. Returns how many there were.
   */
  counts(into: Float64Array, base: number, width: number, wide?: (index: number, text: string) => void): number {
    if (!this.openArray()) return 0;
    const { bytes } = this;
    let { at } = this;
    for (let index = 0; ; index++) {
      let byte = bytes[at];
      while (byte <= SPACE) byte = bytes[++at];
      const start = at;
      let value = 0;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]) value = value * 10 + byte - ZERO;
      if (index < width) into[base + index] = value;
      if (at - start > SAFE_DIGITS) wide?.(index, utf8.decode(bytes.subarray(start, at)));
      while (byte <= SPACE) byte = bytes[++at];
      if (at === start || (byte !== COMMA && byte !== CLOSE)) {
        this.at = at;
        throw this.unexpected();
      }
      at++;
      if (byte === CLOSE) {
        this.at = at;
        return index + 1;
      }
    }
  }

  /**
   * As `counts`, of numbers that stand for few things: `find` says which small number each is put in place as, and is
   * asked wherever one differs from that before it. A number that a double may not hold is a text.
   */
  ids(into: Uint16Array, base: number, width: number, find: (id: number | string) => number): number {
    if (!this.openArray()) return 0;
    const { bytes } = this;
    let { at } = this;
    let last = -1;
    let found = 0;
    for (let index = 0; ; index++) {
      let byte = bytes[at];
      while (byte <= SPACE) byte = bytes[++at];
      const start = at;
      let value = 0;
      for (; byte >= ZERO && byte <= NINE; byte = bytes[++at]) value = value * 10 + byte - ZERO;
      const isWide = at - start > SAFE_DIGITS;
      // Where the bytes end, more digits may follow.
      if ((value !== last || isWide) && byte !== undefined) {
        last = value;
        found = find(isWide ? utf8.decode(bytes.subarray(start, at)) : value);
      }
      if (index < width) into[base + index] = found;
      while (byte <= SPACE) byte = bytes[++at];
      if (at === start || (byte !== COMMA && byte !== CLOSE)) {
        this.at = at;
        throw this.unexpected();
      }
      at++;
      if (byte === CLOSE) {
        this.at = at;
        return index + 1;
      }
    }
  }

  end(): void {
    if (this.peek() !== undefined) throw this.unexpected();
  }

  private open(open: number, close: number): boolean {
    this.expect(open);
    if (this.peek() !== close) return true;
    this.at++;
    return false;
  }

  private more(close: number): boolean {
    if (this.peek() === close) {
      this.at++;
      return false;
    }
    this.expect(COMMA);
    this.peek();
    return true;
  }

  private expect(byte: number): void {
    if (this.peek() !== byte) throw this.unexpected();
    this.at++;
  }

  private skipString(): void {
    const { bytes } = this;
    for (this.at++; this.at < bytes.length; this.at++) {
      if (bytes[this.at] === BACKSLASH) this.at++;
      else if (bytes[this.at] === QUOTE) return void this.at++;
    }
    throw this.unexpected();
  }

  private unexpected(): SyntaxError {
    const place = `at byte ${this.offset + this.at}`;
    if (this.at >= this.bytes.length) return new Ends(`it ends ${place}`);
    return new SyntaxError(`unexpected ${JSON.stringify(String.fromCharCode(this.bytes[this.at]))} ${place}`);
  }
}

/** What can't be in a number or a name like `true`; beyond the last byte, too. */
function isEnd(byte: number | undefined): boolean {
  return byte === undefined || byte === COMMA || byte === CLOSE || byte === UNBRACE || byte <= 32;
}

/** Names by a hash of their bytes: the same few come with every row, so each is made into a text once. */
const names = new Map<number, { bytes: Uint8Array; name: string }>();
/** More than any answer has. */
const MOST_NAMES = 100;

function nameOf(bytes: Uint8Array, start: number, end: number): string {
  let hash = end - start;
  for (let at = start; at < end; at++) hash = (hash * 31 + bytes[at]) | 0;
  const known = names.get(hash);
  if (known && isSame(known.bytes, bytes, start, end)) return known.name;
  const own = bytes.slice(start, end);
  const name = JSON.parse(`"${utf8.decode(own)}"`) as string;
  if (names.size < MOST_NAMES) names.set(hash, { bytes: own, name });
  return name;
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}
