/**
 * Whether content may leave the process, and how: the one door. A client's own option decides; else the process's
 * (`start({ content })`); else the environment; never a blend of them. Whoever names nothing gets nothing.
 */
import { diag } from '@opentelemetry/api';

/**
 * `off`: nothing of what was said. `metadata`: who spoke, in which kinds of parts, how many bytes, which tools; not a
 * word of it. `full`: the messages themselves.
 */
const contentModes = ['off', 'metadata', 'full'] as const;
export type ContentMode = (typeof contentModes)[number];

/** Where a text stands. */
export interface Place {
  readonly in: 'system' | 'input' | 'output' | 'tools';
  readonly role: string;
  /** Of the part: `text`, `tool_call`, `tool_call_response`, `reasoning` … */
  readonly type: string;
}

export interface ContentOptions {
  readonly mode: ContentMode;
  /** Most bytes of one attribute; longer texts are cut, then the oldest messages left out. @default 32768 */
  readonly maxBytes?: number;
  /**
   * Gives what may be kept of a text. Every text goes through it, tool arguments and results as JSON, before anything
   * is cut. When it throws, or gives anything but a string, nothing of that inference is kept.
   */
  readonly redact?: (text: string, place: Place) => string;
}

export interface ContentSettings {
  readonly mode: ContentMode;
  readonly maxBytes: number;
  readonly redact: ((text: string, place: Place) => string) | undefined;
}

const defaultMaxBytes = 32_768;
const off: ContentSettings = Object.freeze({ mode: 'off', maxBytes: 0, redact: undefined });

let processSettings: ContentSettings | undefined;

/** For the whole process: set by `start({ content })`. @throws TypeError as `parseContent`. */
export function setDefaultContent(option: ContentMode | ContentOptions): void {
  processSettings = parseContent(option);
}

/** What holds for a client, asked when a request is made. @throws TypeError as `parseContent`. */
export function contentOf(option: ContentMode | ContentOptions | undefined): () => ContentSettings {
  if (option !== undefined) {
    const own = parseContent(option);
    return () => own;
  }
  return () => {
    processSettings ??= fromEnvironment();
    return processSettings;
  };
}

/** Checked once, copied, frozen. @throws TypeError that says what was found and what is expected. */
function parseContent(option: ContentMode | ContentOptions): ContentSettings {
  const given: Partial<ContentOptions> = typeof option === 'string' ? { mode: option } : (option ?? {});
  const { mode, maxBytes = defaultMaxBytes, redact } = given;
  const wrong = (name: string, found: unknown, expected: string): TypeError =>
    new TypeError(`content${name}: found ${String(found)}, expected ${expected}`);
  if (!contentModes.includes(mode as ContentMode)) throw wrong('', mode ?? 'nothing', contentModes.join(', '));
  if (!Number.isInteger(maxBytes) || maxBytes < 256) throw wrong('.maxBytes', maxBytes, 'a whole number from 256');
  if (redact !== undefined && typeof redact !== 'function') throw wrong('.redact', redact, 'a function');
  return Object.freeze({ mode: mode as ContentMode, maxBytes, redact });
}

/** ROUTESCOPE_CONTENT: off, metadata or full. Anything else is off, and said once. */
function fromEnvironment(): ContentSettings {
  // biome-ignore lint/style/noProcessEnv: the one door is here, also for apps that never call start().
  const said = process.env['ROUTESCOPE_CONTENT'];
  if (said === undefined || said === '') return off;
  try {
    return parseContent(said as ContentMode);
  } catch (problem) {
    diag.warn(`ROUTESCOPE_CONTENT: ${(problem as Error).message}; content stays off`);
    return off;
  }
}
