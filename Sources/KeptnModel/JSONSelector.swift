public import CloudEvents

/// Which values of a JSON document are meant, in the part of JSONPath (RFC 9535) that names members and elements:
/// `$.series[0].pointlist[*][1]`, `data['a.b'].values[-1]`. The `$` and its dot may be left out.
public struct JSONSelector: Sendable, Hashable, CustomStringConvertible {
    private enum Step: Sendable, Hashable {
        case member(String)
        /// From the end when negative.
        case element(Int)
        /// All members or elements.
        case all
    }

    public let description: String
    private let steps: [Step]

    /// Nil for a text that is no selector.
    public init?(_ text: String) {
        description = text
        var rest = Substring(text.filter { !$0.isNewline })
        rest = rest.drop { $0 == " " }
        if rest.first == "$" { rest = rest.dropFirst() } else if rest.first != "[" { rest = "." + rest }
        var steps: [Step] = []
        while let first = rest.first {
            switch first {
            case ".":
                rest = rest.dropFirst()
                let name = rest.prefix { !".[ ".contains($0) }
                guard !name.isEmpty else { return nil }
                steps.append(name == "*" ? .all : .member(String(name)))
                rest = rest.dropFirst(name.count)
            case "[":
                guard let (step, remainder) = Self.bracket(rest.dropFirst()) else { return nil }
                steps.append(step)
                rest = remainder
            case " " where rest.allSatisfy { $0 == " " }: rest = ""
            default: return nil
            }
        }
        self.steps = steps
    }

    private static func bracket(_ text: Substring) -> (Step, Substring)? {
        if let quote = text.first, quote == "'" || quote == "\"" {
            let name = text.dropFirst().prefix { $0 != quote }
            let rest = text.dropFirst(name.count + 2)
            return rest.first == "]" ? (.member(String(name)), rest.dropFirst()) : nil
        }
        guard let end = text.firstIndex(of: "]") else { return nil }
        let inner = text[..<end].filter { $0 != " " }
        let rest = text[text.index(after: end)...]
        if inner == "*" { return (.all, rest) }
        return Int(inner).map { (.element($0), rest) }
    }

    /// What is there, in the document's order; empty when it is not.
    public func values(in document: JSON) -> [JSON] {
        steps.reduce([document]) { found, step in
            found.flatMap { json -> [JSON] in
                switch step {
                case .member(let name): return json[name].map { [$0] } ?? []
                case .all: return json.kind == .object ? json.members.map(\.value) : json.elements
                case .element(let index):
                    let elements = json.elements
                    let place = index < 0 ? elements.count + index : index
                    return elements.indices.contains(place) ? [elements[place]] : []
                }
            }
        }
    }
}
