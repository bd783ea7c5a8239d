#include "ingest/made_streams.h"

#include "state/text/number.h"

#include <optional>
#include <string>
#include <utility>

namespace thalweg {

namespace {

constexpr std::string_view kOf = " of ";

std::optional<MadeStream> parse(std::string_view name) {
    const std::size_t at = name.find(kOf);
    if (at == std::string_view::npos) return std::nullopt;
    const auto index = parse_int64(name.substr(0, at));
    const auto count = parse_int64(name.substr(at + kOf.size()));
    if (!index || !count || *index < 0 || *index >= *count) return std::nullopt;
    MadeStream stream;
    stream.index = static_cast<std::size_t>(*index);
    stream.count = static_cast<std::size_t>(*count);
    return stream;
}

}  // namespace

SourcePosition MadeStream::position() const {
    return {std::to_string(index) + std::string(kOf) + std::to_string(count), 0, made};
}

Result<void> MadeStream::check_made(std::uint64_t rows, std::string_view connector) const {
    if (rows <= made_max) return {};
    return fail(Code::kInvalid,
                "the state was saved after " + std::to_string(rows) + " rows of stream " +
                    position().id + " of a " + std::string(connector) + " table, which has " +
                    std::to_string(made_max) +
                    " now: give the table as many rows as it had, or start anew with an empty "
                    "state directory");
}

Result<std::vector<MadeStream>> streams_of(const std::vector<SourcePosition>& positions,
                                           const SourceInstance& instance,
                                           std::string_view connector) {
    std::vector<MadeStream> streams;
    for (const SourcePosition& position : positions) {
        std::optional<MadeStream> stream = parse(position.id);
        if (!stream || stream->count != positions.size())
            return fail(Code::kInvalid,
                        "the state was saved while '" + position.id +
                            "' was read, which is no part of a " + std::string(connector) +
                            " table");
        if (stream->index % instance.count != instance.index) continue;
        stream->made = position.position;
        streams.push_back(*stream);
    }
    return streams;
}

}  // namespace thalweg
