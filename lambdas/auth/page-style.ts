/** The sign-in page's style, in the page itself: its hash stands in the policy, and nothing is fetched. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b2330; --muted: #525d6d; --paper: #f4f6f9; --card: #fff; --line: #747f8f; --accent: #1d4ed8; --on-accent: #fff; --bad: #b42318; --bad-paper: #fef3f2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --muted: #a9b4c2; --paper: #12161d; --card: #1b212b; --line: #7b8796; --accent: #8ab4ff; --on-accent: #0b1526; --bad: #ffb4a9; --bad-paper: #3b1714; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; padding: 2rem; background: var(--card); border-radius: .75rem; box-shadow: 0 1px 3px rgb(0 0 0 / .15); }
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; }
.name { margin: 0 0 1rem; font-weight: 600; color: var(--muted); }
.aside { margin: .25rem 0 1.25rem; color: var(--muted); overflow-wrap: anywhere; }
.problem { margin: 0 0 1rem; padding: .625rem .75rem; border-left: 4px solid var(--bad); border-radius: .25rem; background: var(--bad-paper); color: var(--bad); }
label { display: block; margin: 0 0 .25rem; font-weight: 600; }
input { width: 100%; margin: 0 0 1rem; padding: .625rem .75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .375rem; }
input[aria-invalid] { border-color: var(--bad); }
button { width: 100%; padding: .75rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent); border: 0; border-radius: .375rem; cursor: pointer; }
input:focus-visible, button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
