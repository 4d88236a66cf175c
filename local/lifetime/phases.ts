/** How long each part of the start took, in milliseconds. */
export class Phases {
  readonly #started = performance.now();
  readonly took = new Map<string, number>();

  get totalMilliseconds(): number {
    return Math.round(performance.now() - this.#started);
  }

  async time<T>(name: string, work: Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work;
    this.took.set(name, Math.round(performance.now() - started));
    return result;
  }
}
