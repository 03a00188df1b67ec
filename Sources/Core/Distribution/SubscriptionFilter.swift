/// Which events a subscription hears: by type, and by where they happen.
package struct SubscriptionFilter: Sendable, Hashable {
    private let types: Set<String>
    private let wildcards: [Wildcard]
    private let projects: Set<String>
    private let stages: Set<String>
    private let services: Set<String>

    /// Patterns as in NATS subjects: `*` stands for one word between dots, `>` at the end for one or more. Empty lists
    /// of names mean all of them.
    package init(patterns: [String], projects: [String] = [], stages: [String] = [], services: [String] = []) {
        func isWild(_ pattern: String) -> Bool { pattern.contains("*") || pattern.contains(">") }
        types = Set(patterns.filter { !isWild($0) })
        wildcards = patterns.filter(isWild).map(Wildcard.init)
        self.projects = Set(projects)
        self.stages = Set(stages)
        self.services = Set(services)
    }

    /// An event that does not name its project is none of a listed project; the same for stages and services.
    package func matches(type: String, project: String?, stage: String?, service: String?) -> Bool {
        guard types.contains(type) || wildcards.contains(where: { $0.matches(type) }) else { return false }
        func accepts(_ names: Set<String>, _ name: String?) -> Bool {
            names.isEmpty || name.map(names.contains) == true
        }
        return accepts(projects, project) && accepts(stages, stage) && accepts(services, service)
    }

    private struct Wildcard: Sendable, Hashable {
        let words: [Substring]
        let isOpenEnded: Bool

        init(_ pattern: String) {
            var words = pattern.split(separator: ".", omittingEmptySubsequences: false)
            isOpenEnded = words.last == ">"
            if isOpenEnded { words.removeLast() }
            self.words = words
        }

        func matches(_ type: String) -> Bool {
            let candidate = type.split(separator: ".", omittingEmptySubsequences: false)
            guard isOpenEnded ? candidate.count > words.count : candidate.count == words.count else { return false }
            return zip(words, candidate).allSatisfy { $0 == "*" || $0 == $1 }
        }
    }
}
