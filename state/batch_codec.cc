#include "state/batch_codec.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

// Elements that are read at a time where it is only claimed that they are there.
constexpr std::size_t kStep = 4096;

constexpr std::uint64_t kElementsMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kNameBytesMax = 64 * 1024;
constexpr std::size_t kFieldsMax = 64 * 1024;
constexpr int kDepthMax = 32;

// Which elements of a column: a range, or a list of any.
struct Places {
    std::size_t first = 0;
    std::size_t count = 0;
    const std::uint32_t* list = nullptr;

    [[nodiscard]] std::size_t operator[](std::size_t i) const noexcept {
        return list == nullptr ? first + i : list[i];
    }
};

// A bit per element, set: not null.
using Bits = std::vector<std::uint8_t>;

bool is_set(const Bits& bits, std::size_t i) noexcept {
    return (unsigned{bits[i / 8]} >> (i % 8) & 1U) != 0;
}

// The validity of elements; empty: none is null. Where a ROW is null, so are its fields, whatever
// lies there.
Bits bits_of(const Column& column, const Places& places, const Bits& parent) {
    if (!column.has_nulls()) return parent;
    Bits bits((places.count + 7) / 8, 0);
    std::size_t valid = 0;
    for (std::size_t i = 0; i < places.count; ++i) {
        const bool is_valid = !column.is_null(places[i]) && (parent.empty() || is_set(parent, i));
        bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | unsigned{is_valid} << (i % 8));
        valid += is_valid ? 1 : 0;
    }
    if (valid == places.count) bits.clear();
    return bits;
}

void write_column(StateWriter& writer,
                  const Column& column,
                  const Places& places,
                  const Bits& parent);

// Under a null lie zeros: the same rows are the same bytes.
void write_flat(StateWriter& writer, const Column& column, const Places& places, const Bits& bits) {
    if (places.list == nullptr && bits.empty()) {
        const std::size_t width = physical_bytes(column.physical());
        writer.raw({column.bytes() + places.first * width, places.count * width});
        return;
    }
    visit_physical(column.physical(), [&]<class T>() {
        std::array<T, kBatchRows> values;
        const T* const from = column.data<T>();
        for (std::size_t at = 0; at < places.count; at += kBatchRows) {
            const std::size_t count = std::min(kBatchRows, places.count - at);
            for (std::size_t i = 0; i < count; ++i) {
                const bool is_valid = bits.empty() || is_set(bits, at + i);
                values[i] = is_valid ? from[places[at + i]] : T{};
            }
            writer.raw(std::as_bytes(std::span(values).first(count)));
        }
    });
}

void write_texts(StateWriter& writer,
                 const Column& column,
                 const Places& places,
                 const Bits& bits) {
    const StringRef* const texts = column.data<StringRef>();
    for (std::size_t i = 0; i < places.count; ++i) {
        const bool is_valid = bits.empty() || is_set(bits, i);
        writer.text(is_valid ? texts[places[i]].view() : std::string_view());
    }
}

// The lengths, then the elements of all lists, one list after the other.
void write_lists(StateWriter& writer,
                 const Column& column,
                 const Places& places,
                 const Bits& bits) {
    const ListRef* const lists = column.data<ListRef>();
    std::vector<std::uint32_t> elements;
    for (std::size_t i = 0; i < places.count; ++i) {
        const bool is_valid = bits.empty() || is_set(bits, i);
        const ListRef list = is_valid ? lists[places[i]] : ListRef{};
        writer.varint(list.length);
        for (std::uint32_t k = 0; k < list.length; ++k)
            elements.push_back(list.offset + k);
    }
    const Places chosen{0, elements.size(), elements.data()};
    for (std::size_t i = 0; i < column.child_count(); ++i)
        write_column(writer, column.child(i), chosen, {});
}

void write_column(StateWriter& writer,
                  const Column& column,
                  const Places& places,
                  const Bits& parent) {
    const Bits bits = bits_of(column, places, parent);
    writer.boolean(!bits.empty());
    writer.raw(std::as_bytes(std::span(bits)));
    switch (column.physical()) {
        case Physical::kString: write_texts(writer, column, places, bits); return;
        case Physical::kList: write_lists(writer, column, places, bits); return;
        case Physical::kRow:
            for (std::size_t i = 0; i < column.child_count(); ++i)
                write_column(writer, column.child(i), places, bits);
            return;
        default: write_flat(writer, column, places, bits); return;
    }
}

void read_column(StateReader& reader, Column& column, std::size_t count, Arena& arena);

// In steps, so that a count which is not true costs no memory.
template <class Read>
void read_in_steps(const StateReader& reader, std::size_t count, const Read& read) {
    for (std::size_t at = 0; at < count && reader.ok(); at += kStep)
        read(at, std::min(kStep, count - at));
}

Bits read_bits(StateReader& reader, std::size_t count) {
    Bits bits;
    if (!reader.boolean()) return bits;
    read_in_steps(reader, (count + 7) / 8, [&](std::size_t at, std::size_t size) {
        bits.resize(at + size);
        reader.raw(std::as_writable_bytes(std::span(bits).subspan(at)));
    });
    return bits;
}

void read_flat(StateReader& reader, Column& column, std::size_t count) {
    visit_physical(column.physical(), [&]<class T>() {
        read_in_steps(reader, count, [&](std::size_t at, std::size_t size) {
            column.reserve(at + size);
            reader.raw(std::as_writable_bytes(std::span(column.data<T>() + at, size)));
        });
    });
}

void read_texts(StateReader& reader, Column& column, std::size_t count, Arena& arena) {
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        if (i % kStep == 0) column.reserve(std::min(i + kStep, count));
        const StringRef text(reader.text(kElementsMax));
        column.data<StringRef>()[i] = text.is_inline() ? text : StringRef(arena.copy(text.view()));
    }
}

void read_lists(StateReader& reader, Column& column, std::size_t count, Arena& arena) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        if (i % kStep == 0) column.reserve(std::min(i + kStep, count));
        const std::uint64_t length = reader.count(kElementsMax - total);
        column.data<ListRef>()[i] = {static_cast<std::uint32_t>(total),
                                     static_cast<std::uint32_t>(length)};
        total += length;
    }
    for (std::size_t i = 0; i < column.child_count() && reader.ok(); ++i)
        read_column(reader, column.child(i), total, arena);
    column.set_child_rows(total);
}

// Makes elements null. What is under a null is always the same: nothing.
void apply_bits(StateReader& reader, Column& column, std::size_t count, const Bits& bits) {
    for (std::size_t i = 0; i < count; ++i) {
        if (is_set(bits, i)) continue;
        column.set_null(i);
        if (column.physical() == Physical::kString) column.data<StringRef>()[i] = {};
        if (column.physical() == Physical::kBool) column.data<std::uint8_t>()[i] = 0;
        if (column.physical() == Physical::kList && column.data<ListRef>()[i].length != 0)
            reader.reject("a list that is NULL and has elements");
    }
}

void check_truth(StateReader& reader, Column& column, std::size_t count) {
    const std::uint8_t* const values = std::as_const(column).data<std::uint8_t>();
    if (std::any_of(values, values + count, [](std::uint8_t value) { return value > 1; }))
        reader.reject("a BOOLEAN that is neither FALSE nor TRUE");
}

void read_column(StateReader& reader, Column& column, std::size_t count, Arena& arena) {
    const Bits bits = read_bits(reader, count);
    switch (column.physical()) {
        case Physical::kString: read_texts(reader, column, count, arena); break;
        case Physical::kList: read_lists(reader, column, count, arena); break;
        case Physical::kRow:
            for (std::size_t i = 0; i < column.child_count() && reader.ok(); ++i)
                read_column(reader, column.child(i), count, arena);
            if (reader.ok()) column.reserve(count);
            break;
        default: read_flat(reader, column, count); break;
    }
    if (!reader.ok()) return;
    if (!bits.empty()) apply_bits(reader, column, count, bits);
    if (column.physical() == Physical::kBool) check_truth(reader, column, count);
}

void read_kinds(StateReader& reader, Batch& rows, std::size_t count) {
    if (!reader.boolean()) return;
    RowKind* const kinds = rows.make_kinds();
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t kind = reader.u8();
        if (kind > static_cast<std::uint8_t>(RowKind::kDelete)) reader.reject("no kind of row");
        kinds[i] = static_cast<RowKind>(kind);
    }
}

void write_fields(StateWriter& writer, const std::vector<Field>& fields) {
    writer.varint(fields.size());
    for (const auto& [name, type] : fields) {
        writer.text(name);
        writer.u8(static_cast<std::uint8_t>(type.kind));
        writer.boolean(type.nullable);
        writer.varint_signed(type.precision);
        writer.varint_signed(type.scale);
        if (type.fields != nullptr) write_fields(writer, *type.fields);
    }
}

// What a type of a kind must have; nothing: it has no fields at all.
bool fits(TypeKind kind, std::size_t fields) {
    if (kind == TypeKind::kArray) return fields == 1;
    return kind == TypeKind::kMap ? fields == 2 : kind == TypeKind::kRow;
}

std::int32_t read_number(StateReader& reader, std::int64_t most) {
    const std::int64_t number = reader.varint_signed();
    if (number < 0 || number > most) reader.reject("a precision or scale out of range");
    return static_cast<std::int32_t>(reader.ok() ? number : 0);
}

std::vector<Field> read_fields(StateReader& reader, int depth) {
    std::vector<Field> fields;
    const std::uint64_t count = reader.count(kFieldsMax);
    if (depth > kDepthMax) reader.reject("types within types, too deep");
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        Field& field = fields.emplace_back();
        field.name = reader.text(kNameBytesMax);
        const std::uint8_t kind = reader.u8();
        if (kind > static_cast<std::uint8_t>(TypeKind::kRow)) reader.reject("no kind of type");
        if (!reader.ok()) break;
        Type& type = field.type;
        type.kind = static_cast<TypeKind>(kind);
        type.nullable = reader.boolean();
        const bool is_decimal = type.kind == TypeKind::kDecimal;
        type.precision =
            read_number(reader, is_decimal ? Type::kDecimalPrecisionMax : Type::kLengthMax);
        type.scale = read_number(reader, Type::kDecimalPrecisionMax);
        if (type.kind < TypeKind::kArray || !reader.ok()) continue;
        std::vector<Field> inner = read_fields(reader, depth + 1);
        if (!fits(type.kind, inner.size())) reader.reject("a type with too many or few fields");
        type.fields = std::make_shared<const std::vector<Field>>(std::move(inner));
    }
    return fields;
}

}  // namespace

void write_rows(StateWriter& writer, const BatchView& rows) {
    ASSERT(rows.size() <= kBatchRows);
    writer.varint(rows.size());
    writer.boolean(rows.kinds != nullptr);
    if (rows.kinds != nullptr) {
        rows.selection.for_each(
            [&](std::size_t row) { writer.u8(static_cast<std::uint8_t>(rows.kinds[row])); });
    }
    std::array<std::uint32_t, kBatchRows> list;
    Places places{0, rows.size(), nullptr};
    if (rows.selection.is_range()) {
        places.first = rows.selection.first();
    } else {
        std::copy_n(rows.selection.rows().data(), places.count, list.data());
        places.list = list.data();
    }
    for (const Column* const column : rows.columns)
        write_column(writer, *column, places, {});
}

void read_rows(StateReader& reader, Batch& rows) {
    ASSERT(rows.empty());
    const std::size_t count = reader.count(kBatchRows);
    read_kinds(reader, rows, count);
    for (std::size_t i = 0; i < rows.column_count() && reader.ok(); ++i)
        read_column(reader, rows.column(i), count, rows.arena());
    if (reader.ok()) {
        rows.set_size(count);
    } else {
        rows.clear();
    }
}

void write_schema(StateWriter& writer, const Schema& schema) {
    write_fields(writer, schema.fields);
}

Schema read_schema(StateReader& reader) {
    std::vector<Field> fields = read_fields(reader, 0);
    if (!reader.ok()) fields.clear();
    return {std::move(fields)};
}

}  // namespace thalweg
