#pragma once

#include "reconcilers/service_instance/plan.h"

#include <string>

// What an instance says about its children: lists and figures in status, conditions, and the word
// and sentence of Ready. Pure.
namespace charter::service_instance {

/// "orders-1: WaitForCapacity (…)": a child in its own words, cut to what fits into a message.
std::string child_text(const std::string& name, const Conditions& conditions);

/// Lists what exists, when it is not known what is wanted.
void count_children(Pass& pass);

/// What is left to do after this pass.
enum class Pending { Nothing, Change, Addresses };

/// States lists, figures, conditions and Ready for what is wanted.
void describe(Pass& pass, const Wanted& wanted, Pending pending);

/// Addresses of the machines, one "name address" a line, as the access Secret holds them.
std::string address_lines(const Wanted& wanted, const std::vector<Machine>& machines);

/// States DriftDetected for the children that say so, and UpdateAvailable.
void mirror(Pass& pass);

const Machine* find_machine(const std::vector<Machine>& machines, const std::string& name);
const Volume* find_volume(const std::vector<Volume>& volumes, const std::string& name);

}  // namespace charter::service_instance
