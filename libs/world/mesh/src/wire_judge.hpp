#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mesh_generated.h"
#include "muster/mesh/wire.hpp"
#include "wire_limits.hpp"
#include "wire_text.hpp"

namespace muster::mesh {

/// Looks at what came out of bytes, and keeps the first thing that is wrong. What it gives back for
/// something wrong is harmless, too, so that nobody has to stop at once.
class Judge {
  public:
    [[nodiscard]] bool is_content() const { return field_ == nullptr; }
    [[nodiscard]] Error error() const {
        return {Errc::invalid_argument, std::string(field_) + ": " + why_, field_};
    }

    void expect(bool is_good, const char* field, const char* why) {
        if (!is_good && field_ == nullptr) [[unlikely]] {
            field_ = field;
            why_ = why;
        }
    }
    /// Of a numbered enum that begins at 0.
    template <typename Enum>
    Enum one_of(std::uint8_t value, Enum last, const char* field) {
        const bool is_known = value <= static_cast<std::uint8_t>(last);
        expect(is_known, field, "an unknown number");
        return is_known ? static_cast<Enum>(value) : Enum{};
    }
    sim::Team team(std::uint8_t value, const char* field) {
        return one_of(value, sim::Team::blue, field);
    }
    sim::Weapon weapon(std::uint8_t value, const char* field) {
        return one_of(value, sim::Weapon::melee, field);
    }
    sim::Vec within(const flat::Point& point, sim::Length most, const char* field) {
        const bool is_near =
            point.x() >= -most && point.x() <= most && point.y() >= -most && point.y() <= most;
        expect(is_near, field, "it is out of range");
        return is_near ? sim::Vec{point.x(), point.y()} : sim::Vec{};
    }
    sim::Vec place(const flat::Point& point, const char* field) {
        return within(point, sim::map_side_max, field);
    }
    template <typename Number>
    Number at_most(Number value, std::uint64_t most, const char* field) {
        expect(value <= most, field, "it is out of range");
        return value <= most ? value : Number{};
    }
    sim::PlayerId somebody(sim::PlayerId id, const char* field) {
        expect(id != sim::no_player, field, "it must say who");
        return id;
    }
    /// Of a text or list of bytes, each of which is a part of the message of its own. Bytes may say
    /// many times over that they mean the same part, and become a hundred times as much memory.
    void weigh(std::size_t size) {
        weight_ += size;
        expect(weight_ <= message_bytes_max, "message", "it repeats itself");
    }
    std::string_view name(const flatbuffers::String& text, const char* field) {
        const std::string_view view(text.c_str(), text.size());
        expect(good_prefix(view, name_characters_max, name_bytes_max) == view.size(), field,
               "a name is at most 24 characters of UTF-8, none of them a control character");
        return view;
    }

    std::string_view party(const flatbuffers::String* text, const char* field) {
        if (text == nullptr) return {};
        const std::string_view view(text->c_str(), text->size());
        expect(is_party(view), field, "1 to 16 letters, digits and hyphens");
        return view.substr(0, party_bytes_max);
    }

  private:
    const char* field_ = nullptr;
    const char* why_ = nullptr;
    std::size_t weight_ = 0;
};

/// wire_letters.cpp
Traveller read_traveller(Judge& judge, const flat::Traveller& traveller);
Parcel read_parcel(Judge& judge, const flat::Parcel& parcel);

/// Of a list that may be left out, and of the null that stands for it.
template <typename List>
std::size_t size_of(const List* list) {
    return list == nullptr ? 0 : list->size();
}

}  // namespace muster::mesh
