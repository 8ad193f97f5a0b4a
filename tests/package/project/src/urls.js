// Where the package's files lie, for builders that do not see to that.
export const urls = undefined;
