/** A bounded waiting room: at most `width` at once, at most `room` waiting; who finds it full is refused. */
export class Turns {
  readonly #width: number;
  readonly #room: number;
  #busy = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(width: number, room: number) {
    this.#width = width;
    this.#room = room;
  }

  /** Works when it is its turn. Rejects with ClickHouse's code 202 when the room is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy < this.#width) this.#busy++;
    else if (this.#waiting.length >= this.#room) {
      throw new Error('Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)');
    } else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
    }
  }
}
