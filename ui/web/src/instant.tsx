// Instants as people choose them, in their own zone.

/** What a datetime-local input holds, as an instant. */
export const instant = (text: string) => (text && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : "");

/** An instant as a datetime-local input has it. */
export const local = (ms: number) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export function InstantBox({ label, value, change }: { label: string; value: string; change: (text: string) => void }) {
  return (
    <label className="field">
      <span>{label}</span>
      <input type="datetime-local" value={value} onChange={(e) => change(e.target.value)} />
    </label>
  );
}
