#include "state/multiset.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

constexpr std::string_view kCount = "count";

}  // namespace

Type multiset_of(Type element) {
    Type type = Type::of(TypeKind::kMap);
    type.fields = std::make_shared<const std::vector<Field>>(std::vector<Field>{
        {"element", std::move(element)}, {std::string(kCount), Type::integer().not_null()}});
    return type;
}

bool is_multiset(const Type& type) {
    return type.kind == TypeKind::kMap && type.fields->at(1).name == kCount;
}

}  // namespace thalweg
