#pragma once

#include "ingest/producer_frame.h"
#include "tests/support/test_socket.h"

#include <doctest/doctest.h>

#include <netinet/tcp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg {

// A session id of one repeated byte.
inline SessionId session_of(std::uint8_t byte) {
    SessionId id;
    id.bytes.fill(byte);
    return id;
}

// A producer of the tests' own: says what the test wants said, and keeps what it hears.
class ProducerPeer {
  public:
    explicit ProducerPeer(std::string_view where) : socket_(TestSocket::connect_tcp(where)) {
        const int yes = 1;
        ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }

    [[nodiscard]] const TestSocket& socket() const { return socket_; }

    TestSocket& socket() { return socket_; }

    bool hello(SessionId session, std::uint64_t epoch, std::uint64_t last_acked) const {
        return say(Hello{
            .session = session, .session_epoch = epoch, .last_acked = last_acked, .token = {}});
    }

    bool batch(std::uint64_t first_seq, std::uint32_t count, std::string_view payload) const {
        return say(RecordBatch{first_seq, count, payload});
    }

    template <class Message>
    bool say(const Message& message) const {
        std::string bytes;
        append_frame(bytes, message);
        return socket_.send(bytes);
    }

    bool say_number(FrameType type, std::uint64_t number) const {
        std::string bytes;
        append_number_frame(bytes, type, number);
        return socket_.send(bytes);
    }

    // Reads what is there, without waiting; returns whether a frame is whole (next() has it).
    bool hears() {
        char bytes[4096];
        ssize_t size = 0;
        while (!is_closed_ &&
               (size = ::recv(socket_.fd(), bytes, sizeof bytes, MSG_DONTWAIT)) != -1) {
            if (size == 0) is_closed_ = true;
            heard_.append(bytes, static_cast<std::size_t>(size));
        }
        if (size == -1 && errno != EAGAIN) is_closed_ = true;
        return next_frame(heard_, 0).kind != Frame::Kind::kMore;
    }

    // The other side has closed and everything it said was taken.
    bool is_closed() { return !hears() && is_closed_; }

    // The next frame, whose body is good until the one after.
    Frame next() {
        const Frame frame = next_frame(heard_, 0);
        REQUIRE_EQ(frame.kind, Frame::Kind::kFrame);
        last_.assign(frame.body);
        heard_.erase(0, frame.consumed);
        return {frame.kind, frame.type, last_, frame.consumed};
    }

  private:
    TestSocket socket_;
    std::string heard_;
    std::string last_;
    bool is_closed_ = false;
};

}  // namespace thalweg
