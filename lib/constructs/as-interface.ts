/**
 * A construct as one of the interfaces it implements. CDK's classes declare optional members as `T | undefined`, which
 * its own interfaces refuse under exactOptionalPropertyTypes; the types differ in nothing else.
 */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const asInterface = <I>(construct: { [M in keyof I]: I[M] | undefined }): I => construct as I;
