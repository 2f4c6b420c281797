/** A step on the way to a place in an answer. Its keys may be what the model has made up: a sentence is none. */
export const asStep = (key: string): string => (/^[\w$-]{1,64}$/.test(key) ? key : '*');
