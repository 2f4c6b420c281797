/** The name every span of this package carries as its scope. */
export const scopeName = '@routescope/sdk';
