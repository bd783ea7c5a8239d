#include "ingest/datagen_source.h"

#include "ingest/stream_reader.h"
#include "state/base/int128.h"
#include "state/base/time.h"
#include "state/text/decimal.h"
#include "state/text/suggest.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 8> kFieldOptions = {
    "kind", "min", "max", "length", "start", "end", "null-rate", "max-past"};

// Checks the names of 'fields.NAME.OPTION'.
Result<void> check_names(const SourceOptions& options, const FormatSpec& format) {
    constexpr std::string_view kPrefix = "fields.";
    std::vector<std::string_view> columns;
    for (const Field& field : format.declared)
        columns.push_back(field.name);
    for (const auto& [name, value] : options.all()) {
        if (!name.starts_with(kPrefix)) continue;
        const std::size_t dot = std::max(name.rfind('.'), kPrefix.size());
        const std::string column = name.substr(kPrefix.size(), dot - kPrefix.size());
        const std::string option = name.substr(std::min(dot + 1, name.size()));
        const std::string start = "table '" + options.table() + "': option '" + name + "': ";
        if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
            return fail(Code::kInvalid,
                        start + "no column '" + column + "'" + suggestion_for(column, columns));
        }
        if (std::find(kFieldOptions.begin(), kFieldOptions.end(), option) == kFieldOptions.end()) {
            return fail(Code::kInvalid,
                        start + "unknown '" + option + "'" + suggestion_for(option, kFieldOptions));
        }
    }
    return {};
}

// FNV-1a: all that a seed needs.
std::uint64_t seed_of(std::string_view name, std::size_t instance) {
    std::uint64_t hash = 0xcbf29ce484222325ULL + instance;
    for (const char c : name)
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash;
}

// Sequences end, and the table with the first that does.
void bound(const DatagenField& field, std::optional<std::uint64_t>& rows) {
    if (!field.is_sequence) return;
    const bool is_decimal = field.type.kind == TypeKind::kDecimal;
    const auto step = static_cast<UInt128>(is_decimal ? power_of_ten(field.type.scale) : 1);
    const UInt128 span = static_cast<UInt128>(field.largest) - static_cast<UInt128>(field.smallest);
    const UInt128 length = span / step + 1;
    const UInt128 limit = std::numeric_limits<std::int64_t>::max();
    const auto count = static_cast<std::uint64_t>(std::min(length, limit));
    rows = std::min(rows.value_or(count), count);
}

}  // namespace

Result<DatagenSettings> read_datagen(const SourceOptions& options, const FormatSpec& format) {
    Result<void> names = check_names(options, format);
    if (!names) return tl::make_unexpected(std::move(names).error());
    DatagenSettings settings;
    TRY(settings.rows_per_second, options.number("rows-per-second", settings.rows_per_second, 1));
    if (options.has("number-of-rows")) {
        TRY(const std::int64_t rows, options.number("number-of-rows", 0, 0));
        settings.row_count = static_cast<std::uint64_t>(rows);
    }
    for (const Field& column : format.declared) {
        TRY(DatagenField field, DatagenField::read(options, column.name, column.type));
        bound(field, settings.row_count);
    }
    for (const WantedColumn& wanted : format.wanted) {
        if (wanted.metadata != Metadata::kNone || wanted.path.size() != 1) {
            return fail(Code::kUnsupported,
                        "table '" + options.table() + "': datagen has no metadata columns");
        }
        TRY(DatagenField field, DatagenField::read(options, wanted.path[0], wanted.type));
        settings.fields.push_back(std::move(field));
        settings.names.push_back(wanted.path[0]);
    }
    return settings;
}

DatagenSource::DatagenSource(DatagenSettings settings,
                             const FormatSpec& format,
                             SourceInstance instance)
    : settings_(std::move(settings)), instance_(instance), batch_(schema_of(format)) {
    add_stream(instance.index, instance.count);
    set_pace();
}

// Every count-th row of the table, from row `index` on.
DatagenSource::Stream& DatagenSource::add_stream(std::size_t index, std::size_t count) {
    Stream& stream = streams_.emplace_back();
    MadeStream& place = stream.place;
    place.index = index;
    place.count = count;
    place.made_max = std::numeric_limits<std::uint64_t>::max();
    if (settings_.row_count) place.made_max = (*settings_.row_count + count - 1 - index) / count;
    for (std::size_t i = 0; i < settings_.fields.size(); ++i)
        stream.columns.emplace_back(settings_.fields[i], seed_of(settings_.names[i], index));
    return stream;
}

// All streams together have the pace of the table.
void DatagenSource::set_pace() {
    if (streams_.empty()) return;
    const double share =
        static_cast<double>(streams_.size()) / static_cast<double>(streams_[0].place.count);
    rows_per_ns_ = static_cast<double>(settings_.rows_per_second) * share /
                   static_cast<double>(kNanosPerSecond);
}

Result<void> DatagenSource::restore(const std::vector<SourcePosition>& positions) {
    if (positions.empty()) return {};
    streams_.clear();
    TRY(const std::vector<MadeStream> saved, streams_of(positions, instance_, "datagen"));
    for (const MadeStream& place : saved) {
        Stream& stream = add_stream(place.index, place.count);
        TRY_VOID(stream.place.check_made(place.made, "datagen"));
        while (stream.place.made < place.made)
            make(stream, std::min<std::uint64_t>(place.made - stream.place.made, kBatchRows), 0);
    }
    set_pace();
    counters_ = {};
    paced_ = 0;
    return {};
}

void DatagenSource::seal(std::uint64_t /*epoch*/, std::vector<SourcePosition>& positions) {
    for (const Stream& stream : streams_)
        positions.push_back(stream.place.position());
}

Result<void> DatagenSource::open(Outlet& outlet) {
    split_ = outlet.open_split();
    ++counters_.connections_opened;
    return {};
}

std::size_t DatagenSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    if (is_finished_ || !outlet.ready()) return 0;
    std::size_t done = 0;
    while (!is_over() && done < budget && outlet.ready()) {
        Stream& stream = *next_stream();
        const std::uint64_t wanted = std::min({due(now_ns),
                                               stream.place.made_max - stream.place.made,
                                               static_cast<std::uint64_t>(budget - done),
                                               static_cast<std::uint64_t>(kBatchRows)});
        if (wanted == 0) break;
        make(stream, static_cast<std::size_t>(wanted), now_ns);
        done += batch_.size();
        outlet.offer(split_, batch_);
    }
    if (is_over()) {
        finish(outlet);
    } else if (done != 0 && due(now_ns) == 0) {
        outlet.flush();
    }
    return done;
}

bool DatagenSource::is_over() const {
    return is_stopping_ || std::ranges::all_of(streams_, [](const Stream& stream) {
               return stream.place.is_over();
           });
}

// One that is not at its end.
DatagenSource::Stream* DatagenSource::next_stream() {
    do {
        last_stream_ = (last_stream_ + 1) % streams_.size();
    } while (streams_[last_stream_].place.is_over());
    return &streams_[last_stream_];
}

// How many rows should be there by now and are not.
std::uint64_t DatagenSource::due(std::int64_t now_ns) {
    if (!started_at_ns_) started_at_ns_ = now_ns;
    const double elapsed_ns =
        static_cast<double>(std::max<std::int64_t>(now_ns - *started_at_ns_, 0));
    const auto target = static_cast<std::uint64_t>(elapsed_ns * rows_per_ns_) + 1;
    const std::uint64_t behind = target > paced_ ? target - paced_ : 0;
    const double second = rows_per_ns_ * static_cast<double>(kNanosPerSecond);
    if (static_cast<double>(behind) <= second + 1) return behind;
    started_at_ns_ = now_ns;
    paced_ = 0;
    return static_cast<std::uint64_t>(second) + 1;
}

void DatagenSource::make(Stream& stream, std::size_t count, std::int64_t now_ns) {
    batch_.clear();
    MadeStream& place = stream.place;
    const DatagenColumn::Rows rows{.first = 0,
                                   .count = count,
                                   .index = place.made * place.count + place.index,
                                   .stride = place.count,
                                   .now_ns = now_ns};
    for (std::size_t i = 0; i < stream.columns.size(); ++i)
        stream.columns[i].fill(rows, batch_.column(i), batch_.arena());
    batch_.set_size(count);
    place.made += count;
    paced_ += count;
    counters_.received_records += count;
    counters_.emitted_records += count;
}

void DatagenSource::finish(Outlet& outlet) {
    outlet.close_split(split_);
    ++counters_.connections_closed;
    outlet.flush();
    is_finished_ = true;
}

std::int64_t DatagenSource::next_poll_ns() const {
    if (is_finished_) return INT64_MAX;
    if (is_over() || !started_at_ns_) return INT64_MIN;
    const double wait_ns = static_cast<double>(paced_) / rows_per_ns_;
    return saturating_add(*started_at_ns_, static_cast<std::int64_t>(wait_ns) + 1);
}

}  // namespace thalweg
