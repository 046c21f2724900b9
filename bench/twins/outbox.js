// What the twin's two objects share: rows in SQLite, an alarm that drains them to settlement.
import { encoder, hex, hmac } from "./crypto.js";

const FIRST_DRAIN_MS = 50;

export class Outbox {
  constructor(context, env, table, path, rowsMax, wire) {
    this.storage = context.storage;
    this.sql = context.storage.sql;
    this.env = env;
    this.table = table;
    this.path = path;
    this.rowsMax = rowsMax;
    this.wire = wire;
    this.sql.exec("create table if not exists stream (one integer primary key, epoch text not null, name text, acknowledged_seq integer not null)");
    const epoch = hex(crypto.getRandomValues(new Uint8Array(8)));
    this.sql.exec("insert into stream (one, epoch, acknowledged_seq) values (1, ?, 0) on conflict (one) do nothing", epoch);
    const row = this.sql.exec("select epoch, name, acknowledged_seq from stream").one();
    this.epoch = row.epoch;
    this.name = row.name;
    this.acknowledged = row.acknowledged_seq;
    this.highest = this.sql.exec(`select coalesce(max(seq), 0) as seq from ${table}`).one().seq;
    this.alarmIsSet = false;
  }

  learnName(name) {
    if (this.name === null) {
      this.sql.exec("update stream set name = ? where name is null", name);
      this.name = name;
    }
  }

  async stored(seq) {
    this.highest = seq;
    if (!this.alarmIsSet) await this.wake(FIRST_DRAIN_MS);
  }

  async wake(pause) {
    this.alarmIsSet = true;
    await this.storage.setAlarm(Date.now() + pause);
  }

  async ring() {
    await this.wake(1000);
    for (let batch = 0; batch < 50; batch++) {
      const rows = this.sql.exec(`select * from ${this.table} where seq > ? order by seq limit ?`, this.acknowledged, this.rowsMax).toArray();
      const head = { version: 1, object: this.name, epoch: this.epoch, highestSeq: this.highest, sentAtMs: Date.now(), clickKeyNumber: 1 };
      // Stored texts go out as they are; nothing is parsed to be written again.
      const body = `${JSON.stringify(head).slice(0, -1)},${this.wire(rows, this.epoch)}}`;
      const timestamp = String(Math.floor(Date.now() / 1000));
      const text = encoder.encode(`${timestamp}.POST ${this.path}.${body}`);
      const signature = hex(new Uint8Array(await hmac(this.env.INTERNAL_KEY, text)));
      const answer = await fetch(this.env.SETTLEMENT_URL + this.path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-khata-timestamp": timestamp, "x-khata-signature": signature },
        body,
        signal: AbortSignal.timeout(30000),
      });
      if (answer.status !== 200) return;
      const { acknowledgedSeq } = await answer.json();
      if (acknowledgedSeq > this.acknowledged) {
        this.sql.exec("update stream set acknowledged_seq = ?", acknowledgedSeq);
        this.acknowledged = acknowledgedSeq;
      }
      if (this.highest <= this.acknowledged) {
        this.alarmIsSet = false;
        await this.storage.deleteAlarm();
        return;
      }
    }
    await this.wake(0);
  }
}
