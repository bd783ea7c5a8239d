#include "ingest/nexmark_generator.h"

#include "state/base/assertion.h"
#include "state/base/time.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace thalweg {

namespace {

constexpr std::uint64_t kActivePersons = 1'000;
constexpr std::uint64_t kOpenAuctions = 100;
constexpr std::uint64_t kLead = 10;  // Ids that may be named before they exist.
constexpr int kHotEvery = 100;       // One hot person, and auction, of so many.
constexpr std::uint64_t kCategories = 5;
constexpr std::int64_t kFirstCategory = 10;
constexpr std::size_t kItemMax = 20;
constexpr std::size_t kDescriptionMax = 100;
constexpr std::size_t kNumberBytes = 8;
constexpr double kMicrosMax = 4e15;  // Behind the first event: half of what an instant can be.

// Which draw of an event is for what. Persons are made of a row of them.
enum Draw : std::uint64_t {
    kExtraSize,
    kExtra,
    kIsHot,
    kAnyAuction,
    kIsHotPerson,
    kAnyPerson,
    kPrice,
    kReserve,
    kIsHotChannel,
    kChannel,
    kCategory,
    kLength,
    kItem,
    kDescription = kItem + 2,
    kPerson = kDescription + 2,
};

// The longest text that extra_of() may ask for.
std::size_t extra_bytes_max(const NexmarkSettings& settings) {
    return 2 * std::max({settings.person_bytes, settings.auction_bytes, settings.bid_bytes});
}

StringRef kept(std::string_view text, Arena& arena) {
    return StringRef(text.size() <= StringRef::kInlineMax ? text : arena.copy(text));
}

std::size_t index_of(NexmarkKind kind) {
    return static_cast<std::size_t>(kind);
}

}  // namespace

NexmarkGenerator::NexmarkGenerator(const NexmarkSettings& settings)
    : settings_(settings),
      micros_per_event_(1e6 / static_cast<double>(settings.rate)),
      text_(settings.seed, extra_bytes_max(settings)) {}

std::int64_t NexmarkGenerator::millis_of(std::uint64_t event) const noexcept {
    const double micros = static_cast<double>(event) * micros_per_event_;
    return static_cast<std::int64_t>(std::min(micros, kMicrosMax)) / 1'000;
}

std::uint64_t NexmarkGenerator::number_of(std::uint64_t index) const noexcept {
    const std::uint64_t group = settings_.disorder_group;
    if (group == 1) return index;
    return index / group * group + index % group * NexmarkSettings::kDisorderStep % group;
}

void NexmarkGenerator::take(std::uint64_t first, std::size_t count) {
    DEBUG_ASSERT(count <= kBatchRows);
    count_ = count;
    row_counts_.fill(0);
    for (auto& mask : masks_)
        mask.fill(0);
    for (std::size_t row = 0; row < count; ++row) {
        place(row, number_of(first + row));
        const NexmarkKind kind = kinds_[row];
        const std::size_t k = index_of(kind);
        rows_[k][row_counts_[k]++] = static_cast<std::uint16_t>(row);
        masks_[k][row / 64] |= std::uint64_t{1} << (row % 64);
    }
}

// Events mostly come in order, and a division is dear.
void NexmarkGenerator::place(std::size_t row, std::uint64_t event) noexcept {
    const std::uint64_t cycle = settings_.cycle();
    if (row != 0 && event == events_[row - 1] + 1 && places_[row - 1] + 1 < cycle) {
        cycles_[row] = cycles_[row - 1];
        places_[row] = places_[row - 1] + 1;
    } else {
        cycles_[row] = event / cycle;
        places_[row] = static_cast<std::uint32_t>(event % cycle);
    }
    events_[row] = event;
    keys_[row] = NexmarkDraws::key_of(settings_.seed, event);
    const std::uint32_t at = places_[row];
    const bool is_bid = at >= settings_.persons + settings_.auctions;
    kinds_[row] = is_bid                   ? NexmarkKind::kBid
                  : at < settings_.persons ? NexmarkKind::kPerson
                                           : NexmarkKind::kAuction;
}

NexmarkDraws NexmarkGenerator::draws(std::size_t row) const noexcept {
    return NexmarkDraws(keys_[row]);
}

// --- Who and what -------------------------------------------------------------------------------
// Numbers from 0; an id is kFirstId more.

std::int64_t NexmarkGenerator::last_person(std::size_t row) const noexcept {
    const std::uint64_t place = std::min<std::uint64_t>(places_[row], settings_.persons - 1);
    return static_cast<std::int64_t>(cycles_[row] * settings_.persons + place);
}

// -1 while there is none.
std::int64_t NexmarkGenerator::last_auction(std::size_t row) const noexcept {
    const auto so_far = static_cast<std::int64_t>(cycles_[row] * settings_.auctions);
    if (places_[row] < settings_.persons) return so_far - 1;
    const std::uint64_t place = places_[row] - settings_.persons;
    return so_far + static_cast<std::int64_t>(std::min(place, settings_.auctions - 1));
}

std::int64_t NexmarkGenerator::any_person(std::size_t row) const noexcept {
    const auto persons = static_cast<std::uint64_t>(last_person(row)) + 1;
    const std::uint64_t active = std::min(persons, kActivePersons);
    const std::uint64_t drawn = draws(row).below(kAnyPerson, active + kLead);
    return static_cast<std::int64_t>(persons - active + drawn);
}

// Whether it is somebody hot nobody can foretell, a processor neither: both are worked out.
std::int64_t NexmarkGenerator::auction_of(std::size_t row) const noexcept {
    const auto newest = static_cast<std::uint64_t>(last_auction(row));
    const std::uint64_t oldest = newest - std::min(newest, kOpenAuctions);
    const std::uint64_t any = oldest + draws(row).below(kAnyAuction, newest - oldest + 1 + kLead);
    const std::uint64_t hot = newest / kHotEvery * kHotEvery;
    const bool is_hot = draws(row).below(kIsHot, settings_.hot_auction_ratio) != 0;
    return static_cast<std::int64_t>(is_hot ? hot : any);
}

std::int64_t NexmarkGenerator::bidder_of(std::size_t row) const noexcept {
    const std::int64_t any = any_person(row);
    const std::int64_t hot = last_person(row) / kHotEvery * kHotEvery + 1;
    return draws(row).below(kIsHotPerson, settings_.hot_bidder_ratio) != 0 ? hot : any;
}

std::int64_t NexmarkGenerator::seller_of(std::size_t row) const noexcept {
    if (draws(row).below(kIsHotPerson, settings_.hot_seller_ratio) != 0)
        return last_person(row) / kHotEvery * kHotEvery;
    return any_person(row);
}

// An auction is open until about as many new ones have come as are open at a time, on average.
std::int64_t NexmarkGenerator::expires_of(std::size_t row) const noexcept {
    const std::uint64_t ahead = kOpenAuctions * settings_.cycle() / settings_.auctions;
    const std::int64_t now_ms = millis_of(events_[row]);
    const std::int64_t span_ms = 2 * (millis_of(events_[row] + ahead) - now_ms);
    const auto bound = static_cast<std::uint64_t>(std::max<std::int64_t>(span_ms, 1));
    const auto drawn = static_cast<std::int64_t>(draws(row).below(kLength, bound));
    return saturating_add(settings_.start_ns, (now_ms + 1 + drawn) * kNanosPerMilli);
}

std::size_t NexmarkGenerator::channel_of(std::size_t row) const noexcept {
    const NexmarkDraws numbers = draws(row);
    if (numbers.below(kIsHotChannel, 2) != 0)
        return numbers.below(kChannel, NexmarkText::kHotChannels);
    return NexmarkText::kHotChannels + numbers.below(kChannel, NexmarkText::kOtherChannels);
}

// What an event of `used` bytes lacks of the bytes wanted, a fifth more or less.
StringRef NexmarkGenerator::extra_of(std::size_t row, std::size_t used, std::size_t wanted) const {
    if (used > wanted) return {};
    const NexmarkDraws numbers = draws(row);
    const std::size_t missing = wanted - used;
    const std::size_t fifth = (missing + 2) / 5;
    const std::size_t size =
        missing - fifth + (fifth == 0 ? 0 : numbers.below(kExtraSize, 2 * fifth));
    return StringRef(text_.letters(numbers, kExtra, size));
}

// --- Columns ------------------------------------------------------------------------------------

void NexmarkGenerator::mark(NexmarkKind kind, Column& column) const {
    column.clear_nulls();
    if (row_counts_[index_of(kind)] == count_) return;
    std::memcpy(column.make_validity(), masks_[index_of(kind)].data(), sizeof masks_[0]);
}

template <class T, class Value>
void NexmarkGenerator::each(NexmarkKind kind, Column& column, const Value& value) const {
    T* const data = column.data<T>();
    const std::size_t count = row_counts_[index_of(kind)];
    // Whoever reads a NULL row of strings must not find an address of long ago.
    if (count != count_ && !column.is_flat()) std::fill_n(data, count_, T{});
    const auto& rows = rows_[index_of(kind)];
    for (std::size_t i = 0; i < count; ++i)
        data[rows[i]] = value(rows[i]);
    mark(kind, column);
}

void NexmarkGenerator::fill_times(const NexmarkKind* kind, Column& column) const {
    const auto instant = [this](std::size_t row) {
        return saturating_add(settings_.start_ns, millis_of(events_[row]) * kNanosPerMilli);
    };
    if (kind != nullptr) return each<std::int64_t>(*kind, column, instant);
    auto* const data = column.data<std::int64_t>();
    for (std::size_t row = 0; row < count_; ++row)
        data[row] = instant(row);
    column.clear_nulls();
}

void NexmarkGenerator::fill(NexmarkField field, Column& column, Arena& arena) const {
    if (field == NexmarkField::kEventType) {
        auto* const data = column.data<std::int32_t>();
        for (std::size_t row = 0; row < count_; ++row)
            data[row] = static_cast<std::int32_t>(kinds_[row]);
        return column.clear_nulls();
    }
    if (field >= NexmarkField::kBidAuction) return fill_bid(field, column);
    if (field >= NexmarkField::kAuctionId) return fill_auction(field, column);
    fill_person(field, column, arena);
}

void NexmarkGenerator::fill_person(NexmarkField field, Column& column, Arena& arena) const {
    if (field == NexmarkField::kPersonId) {
        return each<std::int64_t>(NexmarkKind::kPerson, column, [this](std::size_t row) {
            return kFirstId + last_person(row);
        });
    }
    each<StringRef>(NexmarkKind::kPerson, column, [&](std::size_t row) {
        const NexmarkText::Person person = text_.person(draws(row), kPerson);
        switch (field) {
            case NexmarkField::kPersonName: return kept(person.name, arena);
            case NexmarkField::kPersonEmail: return kept(person.email, arena);
            case NexmarkField::kPersonCreditCard: return kept(person.credit_card, arena);
            case NexmarkField::kPersonCity: return StringRef(person.city);
            case NexmarkField::kPersonState: return StringRef(person.state);
            default: return extra_of(row, kNumberBytes + person.bytes(), settings_.person_bytes);
        }
    });
}

void NexmarkGenerator::fill_auction(NexmarkField field, Column& column) const {
    const auto numbers = [&](const auto& value) {
        each<std::int64_t>(NexmarkKind::kAuction, column, value);
    };
    const auto texts = [&](const auto& value) {
        each<StringRef>(NexmarkKind::kAuction, column, value);
    };
    const auto item = [this](std::size_t row) { return text_.words(draws(row), kItem, kItemMax); };
    const auto description = [this](std::size_t row) {
        return text_.words(draws(row), kDescription, kDescriptionMax);
    };
    const auto price = [this](std::size_t row, Draw draw) {
        return prices_.price(draws(row).bits(draw));
    };
    switch (field) {
        case NexmarkField::kAuctionId:
            return numbers([&](std::size_t row) { return kFirstId + last_auction(row); });
        case NexmarkField::kAuctionItem:
            return texts([&](std::size_t row) { return StringRef(item(row)); });
        case NexmarkField::kAuctionDescription:
            return texts([&](std::size_t row) { return StringRef(description(row)); });
        case NexmarkField::kAuctionInitialBid:
            return numbers([&](std::size_t row) { return price(row, kPrice); });
        case NexmarkField::kAuctionReserve:
            return numbers(
                [&](std::size_t row) { return price(row, kPrice) + price(row, kReserve); });
        case NexmarkField::kAuctionExpires:
            return numbers([&](std::size_t row) { return expires_of(row); });
        case NexmarkField::kAuctionSeller:
            return numbers([&](std::size_t row) { return kFirstId + seller_of(row); });
        case NexmarkField::kAuctionCategory:
            return numbers([&](std::size_t row) {
                return kFirstCategory +
                       static_cast<std::int64_t>(draws(row).below(kCategory, kCategories));
            });
        default:
            return texts([&](std::size_t row) {
                const std::size_t used =
                    6 * kNumberBytes + item(row).size() + description(row).size();
                return extra_of(row, used, settings_.auction_bytes);
            });
    }
}

void NexmarkGenerator::fill_bid(NexmarkField field, Column& column) const {
    const auto numbers = [&](const auto& value) {
        each<std::int64_t>(NexmarkKind::kBid, column, value);
    };
    const auto texts = [&](const auto& value) {
        each<StringRef>(NexmarkKind::kBid, column, value);
    };
    switch (field) {
        case NexmarkField::kBidAuction:
            return numbers([&](std::size_t row) { return kFirstId + auction_of(row); });
        case NexmarkField::kBidBidder:
            return numbers(
                [&](std::size_t row) { return settings_.first_bidder_id + bidder_of(row); });
        case NexmarkField::kBidPrice:
            return numbers([&](std::size_t row) { return prices_.price(draws(row).bits(kPrice)); });
        case NexmarkField::kBidChannel:
            return texts([&](std::size_t row) { return text_.channels()[channel_of(row)]; });
        case NexmarkField::kBidUrl:
            return texts([&](std::size_t row) { return text_.urls()[channel_of(row)]; });
        default:
            return texts([&](std::size_t row) {
                return extra_of(row, 4 * kNumberBytes, settings_.bid_bytes);
            });
    }
}

}  // namespace thalweg
