#pragma once

#include "decision.hpp"

/// What people ask for.
namespace muster::brain {

void on(Decision& decision, const ChangeNode& event);
void on(Decision& decision, const RevokeNode& event);
void on(Decision& decision, const DeployServer& event);
void on(Decision& decision, const ChangeServer& event);
void on(Decision& decision, const PowerServer& event);
void on(Decision& decision, const UpdateServer& event);
void on(Decision& decision, const RemoveServer& event);
void on(Decision& decision, const CommandNode& event);
void on(Decision& decision, const CancelOperation& event);

}  // namespace muster::brain
