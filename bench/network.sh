#!/bin/bash
# Measures what needs sockets, through the binary: `bench/network.sh build/release/thalweg [RUNS]`.
#
#   tcp      32-byte raw-struct records over one loopback connection, as fast as they go; COUNT, SUM,
#            MIN, MAX of 10,000 keys per tumbling second. Rate of the sender, to its close by the
#            engine, and the engine's processor time for a record.
#   udp      the same in datagrams of 1,400 bytes at 1.6 GB/s; sent = received + kernel-dropped.
#   latency  wire to result of a filter over TCP at 100,000 records/s, the engine polling.
#   idle     processor time of an engine that listens and hears nothing.
#
# The sender is `thalweg load` on the other core. Ports 9411 to 9414 of 127.0.0.1 must be free.
set -euo pipefail

binary=${1:?usage: bench/network.sh BINARY [RUNS]}
runs=${2:-5}
folder=$(mktemp -d)
engine=
trap '[ -z "$engine" ] || kill -9 "$engine" 2>/dev/null; rm -rf "$folder"' EXIT

aggregate() { # CONNECTOR PORT
  cat <<SQL
CREATE TABLE records (ts TIMESTAMP(3), key BIGINT, \`value\` BIGINT, extra BIGINT,
    WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND)
    WITH ('connector' = '$1', 'address' = '127.0.0.1:$2', 'format' = 'raw-struct');
CREATE TABLE results (window_end TIMESTAMP(3), key BIGINT, n BIGINT, total BIGINT, low BIGINT,
    high BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO results
SELECT window_end, key, COUNT(*), SUM(\`value\`), MIN(\`value\`), MAX(\`value\`)
FROM TABLE(TUMBLE(TABLE records, DESCRIPTOR(ts), INTERVAL '1' SECOND))
GROUP BY window_start, window_end, key;
SQL
}

filter() {
  cat <<SQL
CREATE TABLE records (ts BIGINT, key BIGINT, \`value\` BIGINT, extra BIGINT)
    WITH ('connector' = 'tcp', 'address' = '127.0.0.1:9413', 'format' = 'raw-struct');
CREATE TABLE results (ts BIGINT, key BIGINT, \`value\` BIGINT, extra BIGINT)
    WITH ('connector' = 'tcp', 'address' = '127.0.0.1:9414', 'mode' = 'listen',
          'format' = 'raw-struct');
INSERT INTO results SELECT ts, key, \`value\`, extra FROM records WHERE \`value\` < 900;
SQL
}

start() { # FLAGS...
  "$binary" run "$folder/query.sql" "$@" 2> "$folder/engine.log" &
  engine=$!
  sleep 0.7
}

# Hundredths of a second of processor time so far.
ticks() { awk '{print $14 + $15}' "/proc/$engine/stat"; }

stop() {
  sleep 0.3
  kill -INT "$engine"
  wait "$engine"
  engine=
  tail -n 1 "$folder/engine.log"
}

send() { # NAME ARGUMENTS OF LOAD...
  local name=$1 before
  shift
  before=$(ticks)
  "$binary" load "$@" --format raw-struct 2>&1 | tail -n 9
  sleep 0.2
  echo "$name: engine $((($(ticks) - before) * 10)) ms of processor time"
  stop
}

for ((i = 0; i < runs; i++)); do
  aggregate tcp 9411 > "$folder/query.sql"
  start
  send tcp --to tcp://127.0.0.1:9411 --generate keys=10000 --duration 2
done
for ((i = 0; i < runs; i++)); do
  aggregate udp 9412 > "$folder/query.sql"
  start
  send udp --to udp://127.0.0.1:9412 --generate keys=10000 --rate 50M --duration 2
done
for ((i = 0; i < runs; i++)); do
  filter > "$folder/query.sql"
  start --poll
  send latency --to tcp://127.0.0.1:9413 --generate keys=10000 --rate 100000 --duration 2 \
    --results tcp://127.0.0.1:9414 --results-format raw-struct
done
aggregate tcp 9411 > "$folder/query.sql"
start
before=$(ticks)
sleep 5
echo "idle: $((($(ticks) - before) * 10)) ms of processor time in 5 s"
stop
