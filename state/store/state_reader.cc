#include "state/store/state_reader.h"

#include <algorithm>
#include <cstring>

namespace thalweg {

void StateReader::reject(std::string_view what) {
    if (!status_) return;
    const std::string where = source_ == nullptr ? "" : source_->name() + ": ";
    status_ = fail(Code::kCorrupt,
                   where + "byte " + std::to_string(position_) + ": " + std::string(what));
    piece_ = {};
}

bool StateReader::fetch() {
    if (!piece_.empty()) return true;
    if (source_ == nullptr || !status_) return false;
    Result<std::span<const std::byte>> next = source_->next();
    if (!next) {
        status_ = tl::make_unexpected(std::move(next).error());
        return false;
    }
    piece_ = *next;
    return !piece_.empty();
}

bool StateReader::at_end() {
    return !fetch();
}

void StateReader::raw(std::span<std::byte> target) {
    std::size_t filled = 0;
    while (filled < target.size()) {
        if (!fetch()) {
            reject("the bytes end in the middle of a value");
            std::memset(target.data(), 0, target.size());
            return;
        }
        const std::size_t size = std::min(piece_.size(), target.size() - filled);
        std::memcpy(target.data() + filled, piece_.data(), size);
        take(size);
        filled += size;
    }
}

bool StateReader::boolean() {
    const std::uint8_t value = u8();
    if (value > 1) reject("a truth value that is neither 0 nor 1");
    return value == 1;
}

std::uint64_t StateReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint64_t byte = u8();
        if (!ok()) return 0;
        value |= (byte & 0x7fU) << shift;
        if (byte >= 0x80) continue;
        const bool overlong = byte == 0 && shift > 0;
        const bool too_large = shift == 63 && byte > 1;
        if (!overlong && !too_large) return value;
        break;
    }
    reject("a varint that is longer than a number");
    return 0;
}

std::int64_t StateReader::varint_signed() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1U) ^ (~(bits & 1U) + 1));
}

std::uint64_t StateReader::count(std::uint64_t limit) {
    const std::uint64_t value = varint();
    if (value <= limit) return value;
    reject("a count of " + std::to_string(value) + ", where at most " + std::to_string(limit) +
           " are possible");
    return 0;
}

std::string_view StateReader::text(std::size_t size_limit) {
    std::size_t left = count(size_limit);
    if (left > 0 && left <= piece_.size()) {
        const std::string_view whole(reinterpret_cast<const char*>(piece_.data()), left);
        take(left);
        return whole;
    }
    gathered_.clear();
    while (left > 0) {
        if (!fetch()) {
            reject("the bytes end in the middle of a text");
            return {};
        }
        const std::size_t size = std::min(piece_.size(), left);
        gathered_.append(reinterpret_cast<const char*>(piece_.data()), size);
        take(size);
        left -= size;
    }
    return gathered_;
}

}  // namespace thalweg
