/** More of something than is worth the time: the document is refused, whatever it would cost. */
export class TooLarge extends Error {}
