/** Finds the records for which the engine refuses a whole insert, by halving. */

/** Records `from` (included) to `to` (not included) of a segment. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

interface Refused extends Run {
  readonly because: unknown;
}

export interface Isolated {
  /** Records that went in. */
  readonly taken: number;
  /** In order; neighbours refused for the same reason are one run, unless they are to be kept apart. */
  readonly refused: readonly Refused[];
}

export interface IsolateOptions {
  /** Refused inserts after which what is left undecided is set aside as it stands. @default 256 */
  readonly patience?: number | undefined;
  /** Of a reason for which each run stays as it was tried. @default none */
  readonly isApart?: (why: unknown) => boolean;
  /** Asked before a run is cut in halves; a run for which it says no is set aside whole. @default yes */
  readonly mayCut?: (run: Run, why: unknown) => Promise<boolean>;
}

/**
 * @param insert resolves to undefined when the run went in, else to why it is refused. Everything that passes with
 * time is its own business.
 */
export async function isolate(
  whole: Run,
  insert: (run: Run) => Promise<unknown>,
  because: unknown,
  { patience = 256, isApart = () => false, mayCut = async () => true }: IsolateOptions = {},
): Promise<Isolated> {
  const refused: Refused[] = [];
  let taken = 0;
  let left = patience;
  const setAside = (run: Run, why: unknown): void => {
    const before = refused.at(-1);
    if (before && before.to === run.from && String(before.because) === String(why) && !isApart(why))
      refused[refused.length - 1] = { from: before.from, to: run.to, because: why };
    else refused.push({ ...run, because: why });
  };
  const split = async (run: Run, why: unknown): Promise<void> => {
    if (run.to - run.from === 1 || left <= 0 || !(await mayCut(run, why))) return setAside(run, why);
    const middle = Math.floor((run.from + run.to) / 2);
    for (const half of [
      { from: run.from, to: middle },
      { from: middle, to: run.to },
    ]) {
      const problem = await insert(half);
      if (problem === undefined) {
        taken += half.to - half.from;
        continue;
      }
      left--;
      await split(half, problem);
    }
  };
  await split(whole, because);
  return { taken, refused };
}
