#pragma once

// The ledger's tables as they were when its rows held their texts themselves.
namespace charter::testing {

/// SQL that turns the tables of today into those, rows and all.
inline constexpr const char* kToOlderLedger = R"sql(
ALTER TABLE ledger RENAME TO newer;
DROP INDEX ledger_key; DROP INDEX ledger_ends; DROP TABLE ledger_open;
CREATE TABLE ledger (
  position INTEGER PRIMARY KEY, edge INTEGER NOT NULL, subject TEXT NOT NULL, meter TEXT NOT NULL,
  basis TEXT NOT NULL, number INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
  payer TEXT NOT NULL, payer_name TEXT NOT NULL, name TEXT NOT NULL, part_of TEXT NOT NULL,
  actor TEXT NOT NULL, ended_by TEXT NOT NULL, amounts TEXT NOT NULL, detail TEXT NOT NULL,
  begun INTEGER NOT NULL, hash BLOB NOT NULL
);
CREATE UNIQUE INDEX ledger_key ON ledger (subject, meter, basis, number, edge);
CREATE INDEX ledger_ends ON ledger (payer, until) WHERE edge = 1;
CREATE TABLE ledger_open (payer TEXT, position INTEGER, PRIMARY KEY (payer, position)) WITHOUT ROWID;
INSERT INTO ledger SELECT position, edge, s.word, m.word, b.word, number, since, until, p.word, pn.word,
  n.word, po.word, a.word, e.word, am.word, d.word, begun, hash FROM newer
  JOIN ledger_word AS s ON s.id=subject JOIN ledger_word AS m ON m.id=meter
  JOIN ledger_word AS b ON b.id=basis JOIN ledger_word AS p ON p.id=payer
  JOIN ledger_word AS pn ON pn.id=payer_name JOIN ledger_word AS n ON n.id=name
  JOIN ledger_word AS po ON po.id=part_of JOIN ledger_word AS a ON a.id=actor
  JOIN ledger_word AS e ON e.id=ended_by JOIN ledger_word AS am ON am.id=amounts
  JOIN ledger_word AS d ON d.id=detail;
INSERT INTO ledger_open SELECT payer, position FROM ledger AS x WHERE edge=0 AND NOT EXISTS
  (SELECT 1 FROM ledger WHERE begun=x.position);
DROP TABLE newer; DROP TABLE ledger_word;
)sql";

}  // namespace charter::testing
