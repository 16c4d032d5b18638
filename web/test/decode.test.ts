import { describe, expect, test } from "vitest";
import { Decoder, decode } from "../src/data/decode";
import { exact } from "../src/data/matrix";
import { answer, big, bytesOf, random } from "./fixtures";

const row = (values: (number | string)[], more = {}) => ({
  bucket_id: "route:1",
  start: "YQ==",
  end: null,
  values,
  ...more,
});

describe("an answer", () => {
  test("is the same as JSON.parse reads it, whatever the numbers and the white space", () => {
    const next = random(1);
    for (let round = 0; round < 50; round++) {
      const width = Math.floor(next() * 6);
      const columns = Array.from({ length: width }, (_, i) => 1000 + i);
      const rows = Array.from({ length: Math.floor(next() * 80) }, (_, i) => ({
        bucket_id: `route:${i}`,
        values: columns.map(() => Math.floor(next() ** 8 * 1e14)),
        raft_group_ids: columns.map(() => Math.floor(next() * 3)),
      }));
      const json = { column_unix_ms: columns, rows, series: "reads", generated_at: "" };
      const matrix = decode(new TextEncoder().encode(JSON.stringify(json, null, round % 3)));
      expect([...matrix.columns]).toEqual(columns);
      expect(matrix.rows.map(({ id }) => id)).toEqual(rows.map((r) => r.bucket_id));
      expect([...matrix.values]).toEqual(rows.flatMap((r) => r.values));
      expect(matrix.largest).toBe(Math.max(0, ...matrix.values));
      const groups = [...(matrix.groups?.cells ?? [])].map((index) => Number(matrix.groups?.known[index]));
      expect(groups).toEqual(rows.flatMap((r) => r.raft_group_ids));
    }
  });

  test("is the same in whatever pieces it arrives", () => {
    const rows = Array.from({ length: 9 }, (_, i) => ({
      ...row([i, big("18446744073709551615"), big("9007199254740993")], {
        label: 'é "\\',
        raft_group_ids: [1, big("9007199254740993"), i],
        leader_terms: [7, 7, 8],
        conflict: i === 4,
        ...(i === 4 && { conflicts: [false, true, false] }),
      }),
      bucket_id: `route:${i}`,
    }));
    const fields = { column_nodes: [3, 3, 2], step_ms: 60_000, rows_dropped: 12, fanout: { nodes: [], responded: 3 } };
    const columnsFirst = answer([1000, 2000, 3000], rows, fields);
    const rowsFirst = bytesOf({ rows, ...fields, series: "reads", column_unix_ms: [1000, 2000, 3000] });
    const next = random(3);
    for (const bytes of [columnsFirst, rowsFirst]) {
      const whole = decode(bytes);
      for (const most of [1, 2, 3, 7, 50, 300]) {
        const decoder = new Decoder();
        for (let at = 0; at < bytes.length; ) {
          const size = 1 + Math.floor(next() * most);
          decoder.push(bytes.slice(at, at + size));
          at += size;
        }
        expect(decoder.finish()).toEqual(whole);
      }
    }
  });

  test("names the place in the whole of it, in whatever pieces it arrives", () => {
    const bytes = answer([1, 2], [row([1, 2]), row([3, -4])]);
    const place = new RegExp(`unexpected "-" at byte ${bytes.indexOf(45)}$`);
    const decoder = new Decoder();
    expect(() => {
      for (const byte of bytes) decoder.push(Uint8Array.of(byte));
      decoder.finish();
    }).toThrow(place);
  });

  test("keeps every digit of counts beyond 2^53", () => {
    const matrix = decode(
      answer([1, 2, 3, 4], [row([big("18446744073709551615"), big("9007199254740993"), 7, big("9007199254740991")])]),
    );
    expect([0, 1, 2, 3].map((cell) => exact(matrix, cell))).toEqual([
      18446744073709551615n,
      9007199254740993n,
      7,
      9007199254740991,
    ]);
    expect(matrix.values[0]).toBe(2 ** 64);
  });

  test("may bring its rows before its columns, and fields that nobody knows", () => {
    const text =
      '{"new":{"a":["]\\"}"]},"rows":[{"values":[3,4],"hot_keys":[{"k":1}],"bucket_id":"b"}],"column_unix_ms":[10,20],"series":"writes"}';
    const matrix = decode(new TextEncoder().encode(text));
    expect([...matrix.values]).toEqual([3, 4]);
    expect(matrix.rows[0]).toMatchObject({ id: "b", start: "", end: "", label: "", routeCount: 0 });
  });

  test("without a fan-out has none, and no columns' nodes and no step", () => {
    const matrix = decode(answer([1], [row([1])]));
    expect(matrix).toMatchObject({
      fanout: null,
      columnNodes: null,
      stepMs: null,
      rowsDropped: 0,
      groups: null,
      conflicts: null,
    });
    expect(decode(answer([1], [row([1])], { step_ms: null })).stepMs).toBeNull();
  });

  test("without rows is empty, whether null or none", () => {
    expect(decode(answer([1, 2], null)).values).toHaveLength(0);
    expect(decode(answer([], [])).rows).toEqual([]);
    expect(decode(answer([1, 2], null)).columns).toHaveLength(2);
  });

  test("marks the cells of a conflict, in rows that have one", () => {
    const rows = [row([1, 2]), { ...row([3, 4]), bucket_id: "b", conflict: true, conflicts: [false, true] }];
    expect([...(decode(answer([1, 2], rows)).conflicts ?? [])]).toEqual([0, 0, 0, 1]);
  });

  test("keeps its arrays through a growing number of rows", () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({
      bucket_id: `b${i}`,
      values: [i, 2 * i],
      leader_terms: [i, 7],
      conflict: i === 3,
      ...(i === 3 && { conflicts: [true, false] }),
    }));
    const matrix = decode(answer([1, 2], rows));
    expect(matrix.values[2 * 299 + 1]).toBe(598);
    expect(matrix.terms?.known[matrix.terms.cells[2 * 123]]).toBe("123");
    expect(matrix.conflicts?.[6]).toBe(1);
  });

  test("tells terms apart that a double can't", () => {
    const { terms } = decode(
      answer([1, 2], [row([1, 1], { leader_terms: [big("9007199254740993"), big("9007199254740992")] })]),
    );
    expect([...(terms?.cells ?? [])].map((index) => terms?.known[index])).toEqual([
      "9007199254740993",
      "9007199254740992",
    ]);
  });

  test("decodes keys as bytes", () => {
    const [first] = decode(answer([1], [row([1], { start: "AP8=", end: "" })])).rows;
    expect([first.start, first.end]).toEqual(["\x00\xff", ""]);
  });

  test.each([
    ["a row that is too short", answer([1, 2], [row([1])]), /row 0: values has 1 of 2/],
    ["a row that is too long", answer([1], [row([1, 2])]), /row 0: values has 2 of 1/],
    ["a row without values", answer([1], [{ bucket_id: "b" } as never]), /values has 0 of 1/],
    ["a row without a bucket", answer([1], [{ values: [1] } as never]), /row 0: bucket_id is missing/],
    ["a count below zero", answer([1], [row([-1])]), /unexpected "-"/],
    ["a fraction", answer([1], [row([1.5])]), /unexpected "\."/],
    ["half an answer", answer([1, 2], [row([1, 2])]).subarray(0, 60), /ends|unexpected/],
    ["something after it", new TextEncoder().encode('{"series":"writes"} x'), /unexpected "x"/],
  ])("is refused with %s", (_, bytes, message) => {
    expect(() => decode(bytes)).toThrow(message);
  });
});
