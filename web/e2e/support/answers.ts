// The daemon's own JSON, which the page has to agree with.

export interface Answer {
  column_unix_ms: number[];
  rows: { bucket_id: string; label?: string; start: string | null; values: number[]; raft_group_ids: number[] }[];
  column_nodes: number[];
  step_ms: number;
}

export async function matrixOf(url: string, query = ""): Promise<Answer> {
  const response = await fetch(`${url}/admin/api/v1/keyviz/matrix?${query}`);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** A count as the page writes it. */
export const counted = (count: number) => count.toLocaleString("en");
