package import KeptnModel

/// What `get-action` comes to.
package enum ActionChoice: Sendable, Hashable {
    case act(RemediationSpec.Action)
    /// Nothing (more) can be done by itself; the sentence says why.
    case none(String)
}

extension RemediationSpec {
    /// The action that is to be tried (K §2.8): that of the problem's root cause, else of its title, else `default`.
    /// Ours is that a `*` in a `problemType` stands for any text, where nothing has that very name.
    ///
    /// - Parameter index: How many actions have been tried, counted over all rounds.
    package func choice(for problem: Problem, index: Int) -> ActionChoice {
        guard let remediation = remediation(for: problem) else {
            let known = remediations.map { "'\($0.problemType)'" }.joined(separator: ", ")
            return .none("unable to find action for \(problem.name); \(Self.fileName) has \(known)")
        }
        guard remediation.actions.indices.contains(index) else {
            return .none(
                "there is no action with index \(index) for \(problem.name): all \(remediation.actions.count) were "
                    + "tried, now somebody has to look at it")
        }
        return .act(remediation.actions[index])
    }

    private func remediation(for problem: Problem) -> Remediation? {
        let texts = [problem.rootCause, problem.title].filter { !$0.isEmpty }
        for text in texts {
            if let same = remediations.first(where: { $0.problemType == text }) { return same }
        }
        for text in texts {
            if let like = remediations.first(where: { $0.isLike(text) }) { return like }
        }
        return remediations.first { $0.problemType == Self.anyProblem }
    }
}

extension RemediationSpec.Remediation {
    fileprivate func isLike(_ text: String) -> Bool {
        switch matching {
        case .beginning: text.hasPrefix(problemType)
        case .name: problemType.contains("*") && Wildcards.match(problemType, text)
        }
    }
}

/// Patterns in which `*` stands for any text, also none.
enum Wildcards {
    /// A longer text matches no pattern: titles are short, and comparing takes time with both lengths.
    static let textBytesMax = 1024

    static func match(_ pattern: String, _ text: String) -> Bool {
        let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        let bytes = Array(text.utf8)
        guard bytes.count <= textBytesMax else { return false }
        guard let first = parts.first, let last = parts.last, parts.count > 1 else { return pattern == text }
        guard bytes.count >= first.count + last.count, bytes.starts(with: first),
            bytes.suffix(last.count).elementsEqual(last)
        else { return false }
        // Between the ends each part takes the first place where it fits: what is left is longest then.
        var rest = bytes[first.count..<(bytes.count - last.count)]
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let place = rest.indices.first(where: { rest[$0...].starts(with: part) }) else { return false }
            rest = rest[(place + part.count)...]
        }
        return true
    }
}
