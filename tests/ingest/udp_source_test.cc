// UDP sources over real loopback sockets.

#include "ingest/journal.h"
#include "ingest/packet_counter.h"
#include "ingest/source.h"
#include "tests/store/sim_disk.h"
#include "tests/support/source_driver.h"
#include "tests/support/test_socket.h"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

SourceSpec udp_spec(std::map<std::string, std::string> options = {}) {
    options.emplace("address", "127.0.0.1:0");
    return numbers_spec("udp", std::move(options));
}

void stop_and_check(SourceDriver& driver) {
    driver.source->stop();
    CHECK(driver.run_to_end());
    driver.check_balance();
}

// A record of exactly 20 bytes, so that merged datagrams have one size.
std::string padded(std::int64_t n) {
    std::string line = "{\"n\":" + std::to_string(n);
    line.resize(18, ' ');
    return line + "}\n";
}

// Many datagrams of 20 bytes each by one call, which the kernel may keep merged.
bool send_merged(const TestSocket& peer, std::string_view bytes) {
    constexpr int kUdpSegment = 103;
    const int segment = 20;
    ::setsockopt(peer.fd(), IPPROTO_UDP, kUdpSegment, &segment, sizeof segment);
    return peer.send(bytes);
}

TEST_CASE("udp: a datagram is a record, an empty one is malformed") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(udp_spec()), "");
    const TestSocket peer = TestSocket::connect_udp(driver.listening_on());
    for (int n = 0; n < 300; ++n) {
        REQUIRE(peer.send("{\"n\":" + std::to_string(n) + "}"));
        if (n % 50 == 0) static_cast<void>(driver.step());
    }
    REQUIRE_EQ(::send(peer.fd(), "", 0, 0), 0);
    REQUIRE(peer.send("no json"));
    CHECK(driver.run_until([&] { return driver.outlet.refused.size() == 2; }));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 300; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 300));
    CHECK_EQ(driver.rejected(RejectReason::kMalformed), 2);
    CHECK_EQ(driver.source->counters().received_records, 302);
    CHECK(driver.run_until([&] { return driver.outlet.flushes > 0; }));
    driver.check_balance();
    stop_and_check(driver);
}

// One life of a process: its journal, of which nothing has been done yet.
std::shared_ptr<Journal> journal_on(JournalFiles& files) {
    Journal::Settings settings;
    settings.files = &files;
    settings.source = "numbers";
    return std::make_shared<Journal>(std::move(settings));
}

TEST_CASE("udp: what is done again fills no batch beyond the rows of a record") {
    test::SimDisk disk(1);
    FileHeader header;
    header.store_id.bytes[0] = 1;
    constexpr std::uint64_t kUpdates = 600;
    {
        const auto files = JournalFiles::open(disk, header);
        REQUIRE(files.has_value());
        const std::shared_ptr<Journal> journal = journal_on(**files);
        REQUIRE(journal->open(nullptr).has_value());
        for (std::uint64_t i = 0; i <= kUpdates; ++i) {
            const std::string_view bytes = i == 0
                                               ? R"({"op":"c","after":{"n":1}})"
                                               : R"({"op":"u","before":{"n":1},"after":{"n":1}})";
            JournalEntry entry;
            entry.kind = JournalEntry::Kind::kPacket;
            entry.segment_bytes = bytes.size();
            entry.bytes = bytes;
            journal->append(entry);
            journal->flush(static_cast<std::int64_t>(i + 1) * 1'000'000'000);
            REQUIRE(journal->write().has_value());
        }
    }
    disk.kill();
    SourceSpec spec = udp_spec({{"durability", "journal"}, {"format", "debezium-json"}});
    spec.format.format = "debezium-json";
    spec.format.wanted.push_back(row_kind_column(spec.format.format));
    const auto files = JournalFiles::open(disk, header);
    REQUIRE(files.has_value());
    SourceDriver driver;
    REQUIRE_EQ(driver.open(spec, {.journal = journal_on(**files)}), "");
    CHECK(driver.run_until([&] { return driver.outlet.rows == 1 + 2 * kUpdates; }));
    CHECK(driver.outlet.refused.empty());
    driver.check_balance();
}

TEST_CASE("udp: several lines in a datagram, and none across two") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(udp_spec({{"framing", "newline"}, {"max-frame-bytes", "100 b"}})), "");
    const TestSocket peer = TestSocket::connect_udp(driver.listening_on());
    REQUIRE(peer.send(number_lines(0, 10)));
    REQUIRE(peer.send("{\"n\":10}\n{\"n\":11}"));
    REQUIRE(peer.send("{\"n\":12}\n{\"n\""));
    REQUIRE(peer.send(":13}"));
    REQUIRE(peer.send(std::string(200, 'x')));
    REQUIRE(peer.send("{\"n\":13}"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 14; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 14));
    CHECK_EQ(driver.rejected(RejectReason::kMalformed), 2);
    CHECK_EQ(driver.rejected(RejectReason::kTooLong), 1);
    stop_and_check(driver);
}

TEST_CASE("udp: merged packets come apart again") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(udp_spec({{"framing", "newline"}})), "");
    const TestSocket peer = TestSocket::connect_udp(driver.listening_on());
    std::string lines;
    for (int n = 0; n < 50; ++n)
        lines += padded(n);
    REQUIRE(send_merged(peer, lines));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 50; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 50));
    stop_and_check(driver);
}

TEST_CASE("udp: metadata of the datagram") {
    SourceSpec spec = udp_spec();
    spec.format.wanted.push_back({{"peer"}, Type::string(), Metadata::kPeerAddress});
    spec.format.wanted.push_back({{"at"}, Type::timestamp_ltz(9), Metadata::kReceiveTime});
    spec.format.wanted.push_back({{"dropped"}, Type::bigint(), Metadata::kDroppedBefore});
    spec.format.wanted.push_back({{"sequence"}, Type::bigint(), Metadata::kSequence});
    SourceDriver driver;
    REQUIRE_EQ(driver.open(spec), "");
    const TestSocket first = TestSocket::connect_udp(driver.listening_on());
    const TestSocket second = TestSocket::connect_udp(driver.listening_on());
    REQUIRE(first.send("{\"n\":0}"));
    REQUIRE(second.send("{\"n\":1}"));
    CHECK(driver.run_until([&] { return driver.outlet.rows == 2; }));
    const std::string prefix = "127.0.0.1:";
    CHECK_EQ(driver.outlet.strings(1),
             std::vector<std::string>{prefix + std::to_string(first.port()),
                                      prefix + std::to_string(second.port())});
    CHECK_GT(driver.outlet.int64s(2)[0], 1'600'000'000'000'000'000);  // The kernel's clock.
    CHECK_EQ(driver.outlet.int64s(3), std::vector<std::int64_t>{0, 0});
    CHECK_EQ(driver.outlet.int64s(4), numbers(0, 2));
    stop_and_check(driver);
}

TEST_CASE("udp: a full engine sheds by the policy, and counts") {
    for (const char* const policy : {"drop-newest", "drop-oldest", "sample"}) {
        CAPTURE(policy);
        SourceDriver driver;
        REQUIRE_EQ(driver.open(udp_spec({{"overload.policy", policy}})), "");
        const TestSocket peer = TestSocket::connect_udp(driver.listening_on());
        driver.outlet.is_open = false;
        for (int n = 0; n < 1000; ++n) {
            REQUIRE(peer.send("{\"n\":" + std::to_string(n) + "}"));
            if (n % 20 == 0) static_cast<void>(driver.step());
        }
        CHECK(driver.run_until([&] { return driver.step() == 0; }));
        const std::uint64_t shed = driver.source->counters().shed_records;
        CHECK_GE(shed, 900);
        CHECK_EQ(driver.outlet.rows, 0);
        driver.outlet.is_open = true;
        CHECK(driver.run_until([&] { return driver.outlet.rows + shed == 1000; }));
        const std::vector<std::int64_t> values = driver.outlet.int64s();
        CHECK(std::is_sorted(values.begin(), values.end()));
        CHECK_EQ(values.front() == 0, std::string_view(policy) != "drop-oldest");
        CHECK_EQ(values.back() >= 990, std::string_view(policy) != "drop-newest");
        stop_and_check(driver);
        CHECK_EQ(driver.source->counters().received_records, 1000);
    }
}

TEST_CASE("udp: sent is received plus dropped by the kernel, whatever overflows") {
    struct Case {
        bool merges_sends;
        bool merges_packets;
    };

    for (const Case& c : {Case{false, true}, Case{true, false}, Case{true, true}}) {
        CAPTURE(c.merges_sends);
        CAPTURE(c.merges_packets);
        SourceDriver driver;
        REQUIRE_EQ(driver.open(udp_spec({{"framing", "newline"},
                                         {"receive-buffer", "8kb"},
                                         {"merge-packets", c.merges_packets ? "true" : "false"}})),
                   "");
        const TestSocket peer = TestSocket::connect_udp(driver.listening_on());
        std::uint64_t sent = 0;
        for (int burst = 0; burst < 60; ++burst) {
            std::string lines;
            for (int n = 0; n < 50; ++n)
                lines += padded(burst * 50 + n);
            for (std::size_t at = 0; at < lines.size(); at += c.merges_sends ? 1000 : 20) {
                const std::string_view rest = std::string_view(lines).substr(at);
                REQUIRE((c.merges_sends ? send_merged(peer, rest) : peer.send(rest.substr(0, 20))));
            }
            sent += 50;
            if (burst == 40) driver.now_ns += 2'000'000'000;
            if (burst % 20 == 19) static_cast<void>(driver.step());
        }
        stop_and_check(driver);
        const SourceCounters& counters = driver.source->counters();
        CHECK_GT(counters.kernel_dropped, 0);
        const int probe = ::socket(AF_INET, SOCK_DGRAM, 0);
        const bool can_count = PacketCounter::attach(probe).has_value();
        ::close(probe);
        if (!(c.merges_sends && c.merges_packets) || can_count) {
            CHECK_EQ(counters.received_records + counters.kernel_dropped, sent);
        } else {
            CHECK_LE(counters.received_records + counters.kernel_dropped, sent);
        }
    }
}

TEST_CASE("udp: the kernel's counter of drops wraps and ours does not") {
    DropCounter drops;
    CHECK_EQ(drops.update(0xffff'fff0U), 0xffff'fff0ULL);
    CHECK_EQ(drops.update(0xffff'fff0U), 0xffff'fff0ULL);
    CHECK_EQ(drops.update(5), 0x1'0000'0005ULL);
}

TEST_CASE("udp: what arrived before a stop is delivered") {
    SourceDriver driver;
    driver.budget = 10;
    REQUIRE_EQ(driver.open(udp_spec()), "");
    const TestSocket peer = TestSocket::connect_udp(driver.listening_on());
    for (int n = 0; n < 200; ++n)
        REQUIRE(peer.send("{\"n\":" + std::to_string(n) + "}"));
    static_cast<void>(driver.step());
    driver.source->stop();
    for (int n = 200; n < 300; ++n)
        REQUIRE(peer.send("{\"n\":" + std::to_string(n) + "}"));
    CHECK(driver.run_to_end());
    driver.check_balance();
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 200));
    CHECK_EQ(driver.source->counters().kernel_dropped, 100);
}

TEST_CASE("udp: a port in use is one clear line; instances share one") {
    SourceDriver first;
    REQUIRE_EQ(first.open(udp_spec()), "");
    const std::string where = first.listening_on();
    for (const std::size_t count : {std::size_t{1}, std::size_t{2}}) {
        SourceDriver second;
        CHECK_EQ(second.open(udp_spec({{"address", where}}), {0, count}),
                 "cannot receive on " + where + ": Address already in use");
    }
    stop_and_check(first);
    SourceDriver left;
    SourceDriver right;
    REQUIRE_EQ(left.open(udp_spec({{"address", where}}), {0, 2}), "");
    REQUIRE_EQ(right.open(udp_spec({{"address", where}}), {1, 2}), "");
    for (int n = 0; n < 100; ++n)
        REQUIRE(TestSocket::connect_udp(where).send("{\"n\":1}"));
    CHECK(left.run_until([&] {
        static_cast<void>(right.step());
        return left.outlet.rows + right.outlet.rows == 100;
    }));
    stop_and_check(left);
    stop_and_check(right);
}

TEST_CASE("udp: a multicast group is joined on an interface") {
    const std::string group = "239.255.77.31";
    SourceDriver driver;
    REQUIRE_EQ(driver.open(udp_spec({{"address", "0.0.0.0:0"},
                                     {"multicast.group", group},
                                     {"multicast.interface", "127.0.0.1"}})),
               "");
    const std::string where = driver.listening_on();
    const TestSocket peer(::socket(AF_INET, SOCK_DGRAM, 0));
    const in_addr loopback{htonl(INADDR_LOOPBACK)};
    REQUIRE_EQ(::setsockopt(peer.fd(), IPPROTO_IP, IP_MULTICAST_IF, &loopback, sizeof loopback), 0);
    const sockaddr_in target = TestSocket::address(group + where.substr(where.rfind(':')));
    const std::string record = "{\"n\":0}";
    REQUIRE_GT(::sendto(peer.fd(),
                        record.data(),
                        record.size(),
                        0,
                        reinterpret_cast<const sockaddr*>(&target),
                        sizeof target),
               0);
    CHECK(driver.run_until([&] { return driver.outlet.rows == 1; }));
    stop_and_check(driver);
    SourceDriver bad;
    const std::string message = bad.open(
        udp_spec({{"multicast.group", group}, {"multicast.interface", "no-such-interface"}}));
    CHECK(message.starts_with("cannot join the multicast group '239.255.77.31' on the interface"));
}

}  // namespace
}  // namespace thalweg
