#pragma once

#include <optional>
#include <string>

#include "json.hpp"

namespace muster::coordinator::testing {

/// Holds real answers against openapi.json. Knows the part of JSON Schema 2020-12 that the document
/// uses, and fails on a keyword that it does not know rather than passing over it.
class Contract {
  public:
    explicit Contract(Json document);

    /// What is wrong with an answer; nothing when it is as described.
    [[nodiscard]] std::optional<std::string> check(const std::string& method,
                                                   const std::string& path, int status,
                                                   const std::string& content_type,
                                                   const std::string& body) const;
    /// What is wrong with `value`; `at` is where it stands.
    [[nodiscard]] std::optional<std::string> check(const Json& value, const Json& schema,
                                                   const std::string& at) const;

    /// The described operation of a method and a path without its query; null when there is none.
    [[nodiscard]] const Json* operation(const std::string& method, const std::string& path) const;
    [[nodiscard]] const Json& document() const { return document_; }

  private:
    [[nodiscard]] std::optional<std::string> check_object(const Json& value, const Json& schema,
                                                          const std::string& at) const;
    Json document_;
};

}  // namespace muster::coordinator::testing
