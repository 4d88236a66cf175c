/** Ends the host that start-host.ts started. */
export default async function stopHost(): Promise<void> {
  await globalThis.gatehouse?.end();
}
