#include "ingest/nexmark_columns.h"

#include "state/text/suggest.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

enum class Shape : std::uint8_t { kInteger, kLong, kText, kTime };

struct Named {
    std::string_view name;
    NexmarkField field;
    Shape shape;
};

constexpr std::array kPerson = {
    Named{"id", NexmarkField::kPersonId, Shape::kLong},
    Named{"name", NexmarkField::kPersonName, Shape::kText},
    Named{"emailAddress", NexmarkField::kPersonEmail, Shape::kText},
    Named{"creditCard", NexmarkField::kPersonCreditCard, Shape::kText},
    Named{"city", NexmarkField::kPersonCity, Shape::kText},
    Named{"state", NexmarkField::kPersonState, Shape::kText},
    Named{"dateTime", NexmarkField::kDateTime, Shape::kTime},
    Named{"extra", NexmarkField::kPersonExtra, Shape::kText},
};
constexpr std::array kAuction = {
    Named{"id", NexmarkField::kAuctionId, Shape::kLong},
    Named{"itemName", NexmarkField::kAuctionItem, Shape::kText},
    Named{"description", NexmarkField::kAuctionDescription, Shape::kText},
    Named{"initialBid", NexmarkField::kAuctionInitialBid, Shape::kLong},
    Named{"reserve", NexmarkField::kAuctionReserve, Shape::kLong},
    Named{"dateTime", NexmarkField::kDateTime, Shape::kTime},
    Named{"expires", NexmarkField::kAuctionExpires, Shape::kTime},
    Named{"seller", NexmarkField::kAuctionSeller, Shape::kLong},
    Named{"category", NexmarkField::kAuctionCategory, Shape::kLong},
    Named{"extra", NexmarkField::kAuctionExtra, Shape::kText},
};
constexpr std::array kBid = {
    Named{"auction", NexmarkField::kBidAuction, Shape::kLong},
    Named{"bidder", NexmarkField::kBidBidder, Shape::kLong},
    Named{"price", NexmarkField::kBidPrice, Shape::kLong},
    Named{"channel", NexmarkField::kBidChannel, Shape::kText},
    Named{"url", NexmarkField::kBidUrl, Shape::kText},
    Named{"dateTime", NexmarkField::kDateTime, Shape::kTime},
    Named{"extra", NexmarkField::kBidExtra, Shape::kText},
};
constexpr std::array kOfAll = {
    Named{"event_type", NexmarkField::kEventType, Shape::kInteger},
    Named{"dateTime", NexmarkField::kDateTime, Shape::kTime},
};

struct Row {
    std::string_view name;
    NexmarkKind kind;
    std::span<const Named> fields;
};

constexpr std::array kRows = {
    Row{"person", NexmarkKind::kPerson, kPerson},
    Row{"auction", NexmarkKind::kAuction, kAuction},
    Row{"bid", NexmarkKind::kBid, kBid},
};

bool holds(const Type& type, Shape shape) {
    switch (shape) {
        case Shape::kInteger: return type.kind == TypeKind::kInt;
        case Shape::kLong: return type.kind == TypeKind::kBigint;
        case Shape::kText:
            return type.kind == TypeKind::kVarchar && type.precision == Type::kLengthMax;
        case Shape::kTime: return type.is_timestamp() && type.precision >= 3;
    }
    return false;
}

std::string_view expected(Shape shape) {
    switch (shape) {
        case Shape::kInteger: return "INT";
        case Shape::kLong: return "BIGINT";
        case Shape::kText: return "STRING";
        case Shape::kTime: break;
    }
    return "TIMESTAMP(3)";
}

// Finds what columns are, by name and type.
class Finder {
  public:
    explicit Finder(const std::string& table) : table_(table) {}

    [[nodiscard]] Result<NexmarkColumn> column(const Field& declared) const {
        for (const Row& row : kRows) {
            if (row.name == declared.name) return of_row(row, declared);
        }
        return field(kOfAll, std::nullopt, "", declared);
    }

    // A field below a column that was found: `path` without the column.
    [[nodiscard]] Result<NexmarkColumn> below(const std::string& column,
                                              std::span<const std::string> path,
                                              const Type& type) const {
        for (const Row& row : kRows) {
            if (row.name == column && path.size() == 1)
                return field(row.fields, row.kind, column + ".", {path[0], type});
        }
        return fail(Code::kInvalid, start() + "column '" + column + "' has no fields of fields");
    }

  private:
    [[nodiscard]] std::string start() const { return "table '" + table_ + "': "; }

    [[nodiscard]] Result<NexmarkColumn> of_row(const Row& row, const Field& declared) const {
        if (declared.type.physical() != Physical::kRow)
            return fail(Code::kInvalid,
                        start() + "column '" + declared.name + "' is a ROW of a nexmark table");
        if (!declared.type.nullable)
            return fail(Code::kInvalid,
                        start() + "column '" + declared.name +
                            "' is NULL in events of other kinds: leave out NOT NULL");
        NexmarkColumn column{row.kind, std::nullopt, {}};
        for (const Field& child : *declared.type.fields) {
            TRY(NexmarkColumn found, field(row.fields, row.kind, declared.name + ".", child));
            column.children.push_back(std::move(found));
        }
        return column;
    }

    [[nodiscard]] Result<NexmarkColumn> field(std::span<const Named> fields,
                                              std::optional<NexmarkKind> kind,
                                              const std::string& prefix,
                                              const Field& declared) const {
        std::vector<std::string_view> names;
        for (const Named& named : fields) {
            names.push_back(named.name);
            if (named.name != declared.name) continue;
            if (holds(declared.type, named.shape)) return NexmarkColumn{kind, named.field, {}};
            return fail(Code::kInvalid,
                        start() + "column '" + prefix + declared.name + "' of a nexmark table is " +
                            std::string(expected(named.shape)) + ", not " +
                            declared.type.to_string());
        }
        if (!kind) {
            for (const Row& row : kRows)
                names.push_back(row.name);
        }
        std::string known;
        for (const std::string_view name : names)
            known.append(known.empty() ? "" : ", ").append(name);
        return fail(Code::kInvalid,
                    start() + "a nexmark table has no column '" + prefix + declared.name + "'" +
                        suggestion_for(declared.name, names) + "; there are " + known);
    }

    const std::string& table_;
};

}  // namespace

void NexmarkColumn::fill(const NexmarkGenerator& events, Column& column, Arena& arena) const {
    if (field == NexmarkField::kDateTime) {
        events.fill_times(kind ? &*kind : nullptr, column);
    } else if (field) {
        events.fill(*field, column, arena);
    } else {
        for (std::size_t i = 0; i < children.size(); ++i)
            children[i].fill(events, column.child(i), arena);
        events.mark(*kind, column);
    }
}

Result<std::vector<NexmarkColumn>> nexmark_columns(const std::string& table,
                                                   const FormatSpec& format) {
    const Finder finder(table);
    for (const Field& declared : format.declared)
        TRY_VOID(finder.column(declared));
    std::vector<NexmarkColumn> columns;
    for (const WantedColumn& wanted : format.wanted) {
        if (wanted.metadata != Metadata::kNone)
            return fail(Code::kUnsupported,
                        "table '" + table + "': nexmark has no metadata columns");
        const bool is_whole = wanted.path.size() == 1;
        TRY(NexmarkColumn column,
            is_whole
                ? finder.column({wanted.path[0], wanted.type})
                : finder.below(wanted.path[0], std::span(wanted.path).subspan(1), wanted.type));
        columns.push_back(std::move(column));
    }
    return columns;
}

}  // namespace thalweg
