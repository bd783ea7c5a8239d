// Producers that do everything the protocol allows and some things it does not, two agents whose
// barriers come at different moments, and a process that is killed: whatever happens, a record that
// was acknowledged is there, none is there twice, and in the end all are.

#include "tests/support/producer_engine.h"
#include "tests/support/producer_peer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kStride = 1'000'000;  // Between the records of two sessions.

// How often what was seen, so that a test of nothing is noticed.
struct Seen {
    std::uint64_t welcomes = 0;
    std::uint64_t nacks = 0;
    std::uint64_t fenced = 0;
    std::uint64_t malformed = 0;
    std::uint64_t repeats = 0;
    std::uint64_t crashes = 0;
};

// One session and the connection that speaks for it, as simple as the document is.
class ModelProducer {
  public:
    ModelProducer(std::uint8_t index, std::int64_t records) : index_(index), records_(records) {}

    [[nodiscard]] std::int64_t acked() const { return acked_; }

    [[nodiscard]] bool is_done() const { return acked_ == records_; }

    void connect(ProducerEngine& engine, Random& random) {
        if (random.below(3) == 0) ++epoch_;
        if (peer_ != nullptr && random.below(2) == 0) peer_->socket().reset();
        peer_ = std::make_unique<ProducerPeer>(engine.where());
        is_open_ = false;
        is_provoking_ = false;
        static_cast<void>(
            peer_->hello(session_of(index_), epoch_, static_cast<std::uint64_t>(acked_)));
    }

    void hang_up() {
        peer_.reset();
        is_open_ = false;
    }

    void hear(ProducerEngine& engine, Random& random, Seen& seen) {
        if (peer_ == nullptr) return connect(engine, random);
        while (peer_ != nullptr && peer_->hears())
            take(peer_->next(), seen);
        if (peer_ != nullptr && peer_->is_closed()) hang_up();
    }

    // A batch that begins where it should, or earlier; in parts, if so decided.
    void send(Random& random, Seen& seen) {
        if (!is_open_ || next_ > records_) return;
        const auto back = static_cast<std::int64_t>(random.below(3) == 0 ? random.below(20) : 0);
        const std::int64_t first = std::max<std::int64_t>(1, next_ - back);
        const std::int64_t last =
            std::min(records_, next_ + static_cast<std::int64_t>(random.below(30)) - 5);
        if (last < first) return;
        if (first < next_) ++seen.repeats;
        say(first, last, static_cast<std::uint32_t>(last - first + 1), random);
        next_ = std::max(next_, last + 1);
    }

    // What the server must not take.
    void provoke(Random& random, Seen&) {
        if (!is_open_ || next_ + 5 > records_) return;
        is_provoking_ = true;
        if (random.below(2) == 0) {
            say(next_ + 1, next_ + 3, 3, random);  // A gap.
        } else {
            say(next_, next_ + 2, 2, random);  // Not as many as it says.
        }
        is_open_ = false;
    }

  private:
    void say(std::int64_t first, std::int64_t last, std::uint32_t count, Random& random) const {
        std::string bytes;
        append_frame(bytes,
                     RecordBatch{static_cast<std::uint64_t>(first),
                                 count,
                                 number_lines(index_ * kStride + first, last - first + 1)});
        const std::size_t cut = random.below(4) == 0 ? random.below(bytes.size()) : bytes.size();
        static_cast<void>(peer_->socket().send(std::string_view(bytes).substr(0, cut)));
        static_cast<void>(peer_->socket().send(std::string_view(bytes).substr(cut)));
    }

    void take(const Frame& frame, Seen& seen) {
        switch (frame.type) {
            case FrameType::kWelcome: {
                const Welcome welcome = *read_welcome(frame.body);
                ++seen.welcomes;
                CHECK_GE(static_cast<std::int64_t>(welcome.durable_seq), acked_);
                next_ = static_cast<std::int64_t>(welcome.accepted_seq) + 1;
                acked_ = static_cast<std::int64_t>(welcome.durable_seq);
                is_open_ = true;
                return;
            }
            case FrameType::kAck: {
                const auto durable = static_cast<std::int64_t>(read_ack(frame.body)->durable_seq);
                CHECK_GE(durable, acked_);
                acked_ = durable;
                return;
            }
            case FrameType::kNack:
                CHECK(is_provoking_);
                ++seen.nacks;
                return hang_up();
            case FrameType::kRefuse: {
                const RefuseCode code = read_refuse(frame.body)->code;
                if (code == RefuseCode::kMalformed) {
                    CHECK(is_provoking_);
                    ++seen.malformed;
                } else {
                    // By a connection of its own that came meanwhile: none other knows the session.
                    REQUIRE_EQ(code, RefuseCode::kFenced);
                    ++seen.fenced;
                }
                return hang_up();
            }
            default: FAIL("a frame that no server sends");
        }
    }

    std::uint8_t index_;
    std::int64_t records_;
    std::int64_t acked_ = 0;
    std::int64_t next_ = 1;
    std::uint64_t epoch_ = 0;
    std::unique_ptr<ProducerPeer> peer_;
    bool is_open_ = false;
    bool is_provoking_ = false;
};

// Every session's durable rows are 1, 2, ... without gaps, and reach what was acknowledged.
void check_durable(const ProducerEngine& engine, const std::vector<ModelProducer>& producers) {
    std::vector<std::int64_t> counts(producers.size(), 0);
    for (const std::int64_t row : engine.durable_rows()) {
        const auto session = static_cast<std::size_t>(row / kStride);
        REQUIRE_LT(session, counts.size());
        REQUIRE_EQ(row % kStride, ++counts[session]);
    }
    for (std::size_t i = 0; i < producers.size(); ++i)
        REQUIRE_GE(counts[i], producers[i].acked());
}

void act(ProducerEngine& engine,
         std::vector<ModelProducer>& producers,
         Random& random,
         Seen& seen) {
    ModelProducer& producer = producers[random.below(producers.size())];
    SourceDriver& driver = engine.driver(random.below(2));
    switch (random.below(40)) {
        case 0: return producer.connect(engine, random);
        case 1: return producer.hang_up();
        case 2: return producer.provoke(random, seen);
        case 3: driver.outlet.is_open = random.below(3) != 0; return;
        case 4: driver.budget = 1 + random.below(50); return;
        case 5:
        case 6: return engine.seal(0);
        case 7:
        case 8: return engine.seal(1);
        case 9: return engine.commit();
        case 10:
            if (random.below(20) != 0) return;
            ++seen.crashes;
            return engine.crash();
        default: break;
    }
    if (random.below(2) == 0) return producer.hear(engine, random, seen);
    if (random.below(2) == 0) return producer.send(random, seen);
    static_cast<void>(driver.step());
}

// Faults have stopped: now everything must come to its end.
void heal(ProducerEngine& engine,
          std::vector<ModelProducer>& producers,
          Random& random,
          Seen& seen) {
    const auto is_done = [&] {
        return std::all_of(producers.begin(), producers.end(), [](const ModelProducer& producer) {
            return producer.is_done();
        });
    };
    // In time, not in rounds: a packet may take as long as the kernel likes.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (int round = 0; !is_done() && std::chrono::steady_clock::now() < deadline; ++round) {
        for (std::size_t i = 0; i < 2; ++i) {
            engine.driver(i).outlet.is_open = true;
            engine.driver(i).budget = 1'000;
            static_cast<void>(engine.driver(i).step());
        }
        if (round % 4 == 3) engine.seal_and_commit();
        for (ModelProducer& producer : producers) {
            producer.hear(engine, random, seen);
            producer.send(random, seen);
        }
    }
    REQUIRE(is_done());
}

TEST_CASE("producer model: acknowledged is never lost, sent again is never counted again") {
    Seen seen;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        ProducerEngine engine(2);
        std::vector<ModelProducer> producers;
        for (std::uint8_t i = 0; i < 3; ++i)
            producers.emplace_back(i, 200 + static_cast<std::int64_t>(random.below(200)));
        for (int action = 0; action < 3'000; ++action) {
            act(engine, producers, random, seen);
            if (action % 50 == 0) check_durable(engine, producers);
        }
        heal(engine, producers, random, seen);
        check_durable(engine, producers);
    }
    CHECK_GT(seen.welcomes, 50);
    CHECK_GT(seen.nacks, 5);
    CHECK_GT(seen.fenced, 5);
    CHECK_GT(seen.malformed, 5);
    CHECK_GT(seen.repeats, 50);
    CHECK_GT(seen.crashes, 5);
}

TEST_CASE(
    "session_directory: a session changes its agent only while both have the same epoch open") {
    using Verdict = SessionDirectory::Verdict;
    SessionDirectory directory(2, {});
    const SessionId id = session_of(1);
    auto claim = directory.claim({0, 1}, id, 0, 0);
    REQUIRE_EQ(claim.verdict, Verdict::kGranted);
    std::vector<SourcePosition> positions;
    const SessionDirectory::Progress progress{claim.session, 80, 0};
    directory.seal(0, 1, {&progress, 1}, positions);
    CHECK_EQ(positions, std::vector<SourcePosition>{{id.to_hex(), 0, 80}});
    // Behind its barrier agent 0 accepts 81 to 100, and agent 1 has not had its own: if it went on
    // with 101 now, epoch 1 would hold 101 and not 81.
    directory.release({0, 1}, {claim.session, 100, 0});
    CHECK_EQ(directory.claim({1, 1}, id, 0, 0).verdict, Verdict::kWaiting);
    positions.clear();
    directory.seal(1, 1, {}, positions);
    CHECK(positions.empty());
    claim = directory.claim_again({1, 1}, id);
    REQUIRE_EQ(claim.verdict, Verdict::kGranted);
    CHECK_EQ(claim.accepted, 100);
    directory.commit(1);
    SessionDirectory::Progress heard{claim.session, 100, 0};
    directory.read_durable({&heard, 1});
    CHECK_EQ(heard.durable, 80);
    // From here on agent 1 seals it, and only agent 1.
    directory.seal(0, 2, {}, positions);
    CHECK(positions.empty());
    directory.seal(1, 2, {&heard, 1}, positions);
    CHECK_EQ(positions, std::vector<SourcePosition>{{id.to_hex(), 0, 100}});
}

TEST_CASE("session_directory: the greatest epoch and position of an id is true") {
    SessionDirectory directory(3, {});
    const std::string id = session_of(4).to_hex();
    const std::vector<SourcePosition> positions = {{id, 1, 70}, {id, 2, 60}, {id, 2, 50}};
    REQUIRE(directory.restore(positions).has_value());
    REQUIRE(directory.restore(positions).has_value());  // Of the next instance.
    CHECK_EQ(directory.size(), 1);
    CHECK_EQ(directory.claim({2, 1}, session_of(4), 2, 60).verdict,
             SessionDirectory::Verdict::kWaiting);
    std::vector<SourcePosition> sealed;
    for (std::size_t i = 0; i < 3; ++i)
        directory.seal(i, 9, {}, sealed);
    CHECK_EQ(sealed, std::vector<SourcePosition>{{id, 2, 60}});
    directory.commit(9);
    const auto claim = directory.claim_again({2, 1}, session_of(4));
    REQUIRE_EQ(claim.verdict, SessionDirectory::Verdict::kGranted);
    CHECK_EQ(claim.accepted, 60);
    const std::vector<SourcePosition> bad = {{"no session", 0, 0}};
    CHECK_FALSE(SessionDirectory(1, {}).restore(bad).has_value());
}

TEST_CASE("session_directory: what a session before has sealed is not said of one after it") {
    constexpr std::int64_t kSecond = kNanosPerSecond;
    SessionDirectory directory(1, {});
    directory.set_expiry(5 * kSecond);
    std::vector<SourcePosition> positions;
    const auto old = directory.claim({0, 1}, session_of(1), 0, 0);
    const SessionDirectory::Progress progress{old.session, 9, 0};
    directory.seal(0, 1, {&progress, 1}, positions);
    CHECK_EQ(directory.pass_time(10 * kSecond), 0);
    CHECK_EQ(directory.pass_time(19 * kSecond), 0);  // It has a connection.
    directory.release({0, 1}, progress);
    CHECK_EQ(directory.pass_time(28 * kSecond), 0);  // Not durable.
    directory.commit(1);
    CHECK_EQ(directory.pass_time(32 * kSecond), 0);
    CHECK_EQ(directory.pass_time(33 * kSecond), 1);
    CHECK_EQ(directory.size(), 0);
    const auto later = directory.claim({0, 2}, session_of(1), 0, 0);
    REQUIRE_EQ(later.verdict, SessionDirectory::Verdict::kGranted);
    CHECK_EQ(later.accepted, 0);
    directory.commit(2);
    SessionDirectory::Progress heard{later.session, 0, 0};
    directory.read_durable({&heard, 1});
    CHECK_EQ(heard.durable, 0);
}

TEST_CASE("session_directory: epochs that are never committed do not fill the memory") {
    SessionDirectory directory(1, {});
    const auto claim = directory.claim({0, 1}, session_of(1), 0, 0);
    std::vector<SourcePosition> positions;
    for (std::uint64_t epoch = 1; epoch <= 10'000; ++epoch) {
        const SessionDirectory::Progress progress{claim.session, epoch, 0};
        directory.seal(0, epoch, {&progress, 1}, positions);
        positions.clear();
    }
    directory.commit(10'000);
    SessionDirectory::Progress heard{claim.session, 10'000, 0};
    directory.read_durable({&heard, 1});
    CHECK_EQ(heard.durable, 10'000);
}

}  // namespace
}  // namespace thalweg
