#include "state/value.h"

#include "state/column.h"

namespace thalweg {

namespace {

Value list_at(const Column& column, std::size_t row) {
    const ListRef list = column.data<ListRef>()[row];
    Value::List values;
    for (std::uint32_t i = 0; i < list.length; ++i) {
        for (std::size_t k = 0; k < column.child_count(); ++k)
            values.push_back(value_at(column.child(k), list.offset + i));
    }
    return {std::move(values)};
}

void set_list(Column& column, std::size_t row, const Value::List& values, Arena& arena) {
    const std::size_t width = column.child_count();
    const std::size_t first = column.child_rows();
    const std::size_t length = values.size() / width;
    column.data<ListRef>()[row] = {static_cast<std::uint32_t>(first),
                                   static_cast<std::uint32_t>(length)};
    for (std::size_t k = 0; k < width; ++k) {
        column.child(k).reserve(first + length);
        for (std::size_t i = 0; i < length; ++i)
            set_value(column.child(k), first + i, values[i * width + k], arena);
    }
    column.set_child_rows(first + length);
}

}  // namespace

Value value_at(const Column& column, std::size_t row) {
    if (column.is_null(row)) return {};
    switch (column.physical()) {
        case Physical::kBool: return {column.data<std::uint8_t>()[row] != 0};
        case Physical::kInt32: return {std::int64_t{column.data<std::int32_t>()[row]}};
        case Physical::kInt64: return {column.data<std::int64_t>()[row]};
        case Physical::kFloat: return {static_cast<double>(column.data<float>()[row])};
        case Physical::kDouble: return {column.data<double>()[row]};
        case Physical::kDecimal: return {column.data<Int128>()[row]};
        case Physical::kString: return {std::string(column.data<StringRef>()[row].view())};
        case Physical::kList: return list_at(column, row);
        case Physical::kRow: break;
    }
    Value::List fields;
    for (std::size_t i = 0; i < column.child_count(); ++i)
        fields.push_back(value_at(column.child(i), row));
    return {std::move(fields)};
}

void set_value(Column& column, std::size_t row, const Value& value, Arena& arena) {
    if (value.is_null()) {
        column.set_null(row);
        if (column.physical() == Physical::kList) column.data<ListRef>()[row] = {};
        return;
    }
    column.set_valid(row);
    switch (column.physical()) {
        case Physical::kBool:
            column.data<std::uint8_t>()[row] = std::get<bool>(value.data) ? 1 : 0;
            return;
        case Physical::kInt32:
            column.data<std::int32_t>()[row] =
                static_cast<std::int32_t>(std::get<std::int64_t>(value.data));
            return;
        case Physical::kInt64:
            column.data<std::int64_t>()[row] = std::get<std::int64_t>(value.data);
            return;
        case Physical::kFloat:
            column.data<float>()[row] = static_cast<float>(std::get<double>(value.data));
            return;
        case Physical::kDouble: column.data<double>()[row] = std::get<double>(value.data); return;
        case Physical::kDecimal: column.data<Int128>()[row] = std::get<Int128>(value.data); return;
        case Physical::kString:
            column.data<StringRef>()[row] =
                StringRef(arena.copy(std::get<std::string>(value.data)));
            return;
        case Physical::kList:
            set_list(column, row, std::get<Value::List>(value.data), arena);
            return;
        case Physical::kRow: break;
    }
    const auto& fields = std::get<Value::List>(value.data);
    for (std::size_t i = 0; i < column.child_count(); ++i)
        set_value(column.child(i), row, fields[i], arena);
}

}  // namespace thalweg
