package import HTTPTypes
package import Ports

/// Finds the route of a request. Empty segments do not count (clients send double and trailing slashes), and an encoded
/// slash stays inside its segment. In what `{rest...}` takes, Keptn's clients write a blank as a plus sign.
package struct RouteTable: Sendable {
    package struct Match {
        package var route: HTTPRoute?
        package var parameters: [String: String] = [:]
        /// Methods that the path takes, when it is known but not for this one.
        package var allowed: Set<HTTPRequest.Method> = []
    }

    private enum Segment: Sendable, Hashable {
        case fixed(String)
        case parameter(String)
        case rest(String)
    }

    private struct Entry: Sendable {
        var route: HTTPRoute
        var segments: [Segment]
    }

    /// By the first two fixed segments, which tell nearly everything apart.
    private let entries: [String: [Entry]]
    /// Those without two fixed segments; they come last.
    private let others: [Entry]

    package init(_ routes: [HTTPRoute]) {
        let all = routes.map { Entry(route: $0, segments: Self.segments($0.path)) }
        func isFixed(_ entry: Entry) -> Bool {
            !entry.route.path.split(separator: "/").prefix(2).contains { $0.hasPrefix("{") }
        }
        entries = Dictionary(grouping: all.filter(isFixed)) {
            Self.key($0.route.path.split(separator: "/").map(String.init))
        }
        others = all.filter { !isFixed($0) }
    }

    package func find(_ method: HTTPRequest.Method, _ path: String) -> Match {
        let raw = path.split(separator: "/")
        let given = raw.map { QueryText.decode($0, plusIsBlank: false) }
        var result = Match()
        for entry in (entries[Self.key(given)] ?? []) + others {
            guard let parameters = Self.match(entry.segments, given, raw) else { continue }
            if entry.route.method == method || (method == .head && entry.route.method == .get) {
                return Match(route: entry.route, parameters: parameters)
            }
            result.allowed.insert(entry.route.method)
        }
        return result
    }

    private static func key(_ segments: [String]) -> String { segments.prefix(2).joined(separator: "/") }

    private static func segments(_ path: String) -> [Segment] {
        path.split(separator: "/").map { segment in
            guard segment.hasPrefix("{") else { return .fixed(String(segment)) }
            let name = segment.dropFirst().dropLast()
            return name.hasSuffix("...") ? .rest(String(name.dropLast(3))) : .parameter(String(name))
        }
    }

    private static func match(
        _ segments: [Segment], _ given: [String], _ raw: [Substring]
    ) -> [String: String]? {
        var parameters: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            guard index < given.count else { return nil }
            switch segment {
            case .fixed(let text): guard text == given[index] else { return nil }
            case .parameter(let name): parameters[name] = given[index]
            case .rest(let name):
                parameters[name] = raw[index...].map { QueryText.decode($0, plusIsBlank: true) }.joined(separator: "/")
                return parameters
            }
        }
        return segments.count == given.count ? parameters : nil
    }
}
