// One for all files of the package: ci/package puts the crate's in.
export const version = NOXRUN_VERSION;
