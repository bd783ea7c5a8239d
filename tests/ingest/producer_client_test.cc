// The client of the producer protocol against the real source, which is killed and started again.

#include "ingest/producer_client.h"

#include "tests/support/producer_engine.h"
#include "tests/support/producer_peer.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>

namespace thalweg {
namespace {

SocketAddress address_of(const std::string& where) {
    return *resolve(*parse_host_port(where), SOCK_STREAM);
}

ProducerClient::Settings settings_for(const std::string& where, std::uint8_t session = 1) {
    ProducerClient::Settings settings;
    settings.address = address_of(where);
    settings.session = session_of(session);
    settings.batch_bytes = 200;
    return settings;
}

std::string number_record(std::int64_t n) {
    return "{\"n\":" + std::to_string(n) + "}";
}

// Client and engine in turn, time passing, until `done` holds.
template <class Done>
bool run(ProducerEngine& engine, ProducerClient& client, std::int64_t& now_ns, Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (int round = 0; !done() && std::chrono::steady_clock::now() < deadline; ++round) {
        static_cast<void>(engine.step());
        static_cast<void>(client.step(now_ns));
        now_ns += 100'000;
        if (round % 50 == 49) engine.seal_and_commit();
    }
    return done();
}

TEST_CASE("producer_client: all records arrive once and are acknowledged, then END") {
    ProducerEngine engine(1);
    ProducerClient client(settings_for(engine.where()));
    std::int64_t now_ns = 0;
    for (std::int64_t n = 1; n <= 500; ++n)
        CHECK_EQ(client.append(number_record(n)), Code::kOk);
    CHECK(run(engine, client, now_ns, [&] { return client.is_acknowledged(); }));
    CHECK_EQ(engine.durable_rows(), numbers(1, 500));
    CHECK_EQ(client.counters().appended, 500);
    CHECK_EQ(client.counters().sent, 500);
    CHECK_EQ(client.counters().resent, 0);
    CHECK_EQ(client.counters().acknowledged, 500);
    CHECK_EQ(client.last_acked(), 500);
    client.end();
    CHECK(run(engine, client, now_ns, [&] { return client.is_ended(); }));
    CHECK_EQ(client.append("x"), Code::kInvalid);
}

TEST_CASE("producer_client: a server that is killed again and again loses and repeats nothing") {
    ProducerEngine engine(2);
    ProducerClient client(settings_for(engine.where()));
    std::int64_t now_ns = 0;
    Random random(11);
    std::int64_t next = 1;
    while (next <= 3'000) {
        const std::int64_t until = next + static_cast<std::int64_t>(random.below(200));
        for (; next <= until && next <= 3'000; ++next)
            CHECK_EQ(client.append(number_record(next)), Code::kOk);
        for (std::uint64_t steps = random.below(400); steps > 0; --steps) {
            static_cast<void>(engine.step());
            static_cast<void>(client.step(now_ns));
            now_ns += 1'000'000;
            if (random.below(20) == 0) engine.seal_and_commit();
        }
        engine.crash();
    }
    CHECK(run(engine, client, now_ns, [&] { return client.is_acknowledged(); }));
    CHECK_EQ(client.failure(), "");
    CHECK_EQ(engine.durable_rows(), numbers(1, 3'000));
    CHECK_EQ(client.counters().acknowledged, 3'000);
    CHECK_GT(client.counters().resent, 0);
}

TEST_CASE("producer_client: full is an answer, and ends when records are acknowledged") {
    ProducerEngine engine(1);
    ProducerClient::Settings settings = settings_for(engine.where());
    settings.retain_bytes = 1'000;
    ProducerClient client(settings);
    std::int64_t now_ns = 0;
    std::int64_t next = 1;
    while (client.append(number_record(next)) == Code::kOk)
        ++next;
    CHECK_LT(next, 20);
    for (; next <= 300; ++next) {
        Code code = client.append(number_record(next));
        CHECK(run(engine, client, now_ns, [&] {
            if (code == Code::kFull) code = client.append(number_record(next));
            return code == Code::kOk;
        }));
    }
    CHECK(run(engine, client, now_ns, [&] { return client.is_acknowledged(); }));
    CHECK_EQ(engine.durable_rows(), numbers(1, 300));
}

TEST_CASE(
    "producer_client: a new process brings everything again, and what is known is not resent") {
    ProducerEngine engine(1);
    std::int64_t now_ns = 0;
    {
        ProducerClient first(settings_for(engine.where()));
        for (std::int64_t n = 1; n <= 50; ++n)
            CHECK_EQ(first.append(number_record(n)), Code::kOk);
        CHECK(run(engine, first, now_ns, [&] { return first.is_acknowledged(); }));
    }
    ProducerClient::Settings settings = settings_for(engine.where());
    settings.session_epoch = 1;
    ProducerClient second(settings);
    CHECK(run(engine, second, now_ns, [&] { return second.welcome().version == 1; }));
    for (std::int64_t n = 1; n <= 80; ++n)
        CHECK_EQ(second.append(number_record(n)), Code::kOk);
    CHECK(run(engine, second, now_ns, [&] { return second.is_acknowledged(); }));
    CHECK_EQ(second.counters().sent, 30);
    CHECK_EQ(second.counters().acknowledged, 80);
    CHECK_EQ(engine.durable_rows(), numbers(1, 80));
}

TEST_CASE("producer_client: what cannot be cured is said, what can be is tried again") {
    ProducerEngine engine(1);
    std::int64_t now_ns = 0;
    ProducerClient::Settings settings = settings_for(engine.where());
    settings.last_acked = 5;
    ProducerClient unknown(settings);
    CHECK(run(engine, unknown, now_ns, [&] { return !unknown.failure().empty(); }));
    CHECK_EQ(unknown.failure(),
             "refused, UNKNOWN_SESSION: nobody here knows this session, and it has acknowledged "
             "records");
    settings.last_acked = 0;
    ProducerClient bad(settings);
    CHECK_EQ(bad.append("two\nlines"), Code::kOk);  // Nobody knows the framing yet.
    CHECK(run(engine, bad, now_ns, [&] { return !bad.failure().empty(); }));
    CHECK_EQ(bad.failure(), "record 1 does not fit the framing or the limit of the server");
    settings.session_epoch = 1;
    ProducerClient good(settings);
    CHECK(run(engine, good, now_ns, [&] { return good.welcome().version == 1; }));
    CHECK_EQ(good.append("two\nlines"), Code::kInvalid);
    CHECK_EQ(good.append(std::string(70'000, 'x')), Code::kInvalid);

    const std::string nobody =
        "127.0.0.1:" + std::to_string(TestSocket::listen_tcp("127.0.0.1:0").port());
    ProducerClient alone(settings_for(nobody));
    for (std::int64_t at_ns = 0; at_ns < 60'000'000'000; at_ns += 10'000'000)
        static_cast<void>(alone.step(at_ns));
    CHECK_EQ(alone.trouble(), "cannot connect: Connection refused");
    CHECK_EQ(alone.failure(), "");
    CHECK_EQ(alone.counters().connections, 0);
}

TEST_CASE("producer_client: a HELLO that comes late does not fence the connection after it") {
    ProducerEngine engine(1);
    std::int64_t now_ns = 0;
    ProducerClient client(settings_for(engine.where()));
    ProducerPeer late(engine.where());  // As the client's own first one, slow on its way.
    CHECK(run(engine, client, now_ns, [&] { return client.welcome().version == 1; }));
    REQUIRE(late.hello(session_of(1), 0, 0));
    CHECK_EQ(client.append(number_record(1)), Code::kOk);
    CHECK(run(engine, client, now_ns, [&] { return client.is_acknowledged() && late.hears(); }));
    CHECK_EQ(late.next().type, FrameType::kRefuse);
    CHECK_EQ(client.counters().connections, 1);
}

TEST_CASE("producer_client: a server that falls silent is left") {
    const TestSocket listener = TestSocket::listen_tcp("127.0.0.1:0");
    ProducerClient client(settings_for("127.0.0.1:" + std::to_string(listener.port())));
    std::int64_t now_ns = 0;
    for (int i = 0; i < 100; ++i)
        static_cast<void>(client.step(now_ns += 1'000'000));
    CHECK_EQ(client.trouble(), "");
    static_cast<void>(client.step(now_ns += 11'000'000'000));
    CHECK_EQ(client.trouble(), "the server is silent");
}

}  // namespace
}  // namespace thalweg
