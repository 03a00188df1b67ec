import CYaml
import KeptnModel

/// Builds the node tree of a document from libyaml's events.
///
/// Yams' own parser stops at the first duplicate key without saying where it is, and hashes every key, so that a few
/// nested aliases inside a key keep it busy for ever. Therefore this uses libyaml, which Yams brings along, directly.
final class YAMLComposer {
    /// Deeper nesting is refused; a shipyard needs about ten.
    static let depthMax = 100
    /// More nodes, aliases expanded, are refused.
    static let nodesMax = 100_000

    private static let tooDeep = "nested deeper than \(depthMax) levels"

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let findings: Findings
    private var anchors: [String: YAMLNode] = [:]

    /// The root of the one document in these bytes; nil when there is none. Mistakes after which reading can go on,
    /// such as a key that stands twice, go to `findings`.
    static func root(of bytes: ArraySlice<UInt8>, findings: Findings) throws(Diagnostic) -> YAMLNode? {
        try bytes.withUnsafeBufferPointer { (buffer) throws(Diagnostic) in
            try YAMLComposer(buffer, findings).document()
        }
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>, _ findings: Findings) {
        self.bytes = bytes
        self.findings = findings
        // libyaml keeps a pointer to its parser inside the parser, so it must not move.
        parser = .allocate(capacity: 1)
        parser.initialize(to: yaml_parser_t())
        yaml_parser_initialize(parser)
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    private func document() throws(Diagnostic) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try next()
            switch event.kind {
            case .streamEnd: return root
            case .streamStart, .documentEnd: continue
            case .documentStart:
                guard root == nil else { throw mistake(event, "", "only one document is allowed in a file") }
                root = try node(try next(), path: "", depth: 0)
            default: throw mistake(event, "", "not valid YAML: something stands outside of the document")
            }
        }
    }

    private func node(_ event: Event, path: String, depth: Int) throws(Diagnostic) -> YAMLNode {
        var result = YAMLNode(content: .sequence([]), line: event.line, column: event.column)
        switch event.kind {
        case .alias(let name):
            guard let target = anchors[name] else {
                throw mistake(event, path, "the alias '*\(name)' stands for nothing: no '&\(name)' before it")
            }
            return target
        case .scalar(let text, let quoted):
            result.content = .scalar(text, quoted: quoted)
        case _ where depth == Self.depthMax:
            throw mistake(event, path, Self.tooDeep)
        case .sequenceStart:
            let elements = try sequence(path: path, depth: depth)
            result.content = .sequence(elements)
            result.size += elements.reduce(0) { $0 + $1.size }
        default:
            let pairs = try mapping(path: path, depth: depth)
            result.content = .mapping(pairs)
            result.size += pairs.reduce(0) { $0 + $1.value.size }
        }
        guard result.size <= Self.nodesMax else {
            throw mistake(event, path, "more than \(Self.nodesMax) values, with aliases written out")
        }
        if let anchor = event.anchor { anchors[anchor] = result }
        return result
    }

    private func sequence(path: String, depth: Int) throws(Diagnostic) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try next()
            if event.kind == .sequenceEnd { return elements }
            elements.append(try node(event, path: "\(path)[\(elements.count)]", depth: depth + 1))
        }
    }

    private func mapping(path: String, depth: Int) throws(Diagnostic) -> [YAMLNode.Pair] {
        var pairs: [YAMLNode.Pair] = []
        var lines: [String: Int] = [:]
        var merged: [YAMLNode.Pair] = []
        while true {
            let event = try next()
            if event.kind == .mappingEnd { break }
            guard case .scalar(let key, let quoted) = try node(event, path: path, depth: depth + 1).content else {
                throw mistake(event, path, "a key has to be plain text, not a list or a mapping")
            }
            let here = path.isEmpty ? key : "\(path).\(key)"
            let value = try node(try next(), path: here, depth: depth + 1)
            // Also `<<`: a short file with many of them, each for a large mapping, would fill the memory.
            if let first = lines[key] {
                findings.add(mistake(event, here, "the key '\(shortened(key))' stands twice, first in line \(first)"))
                continue
            }
            lines[key] = event.line
            if key == "<<", !quoted {
                merged = try pairsToMerge(value, path: here)
            } else {
                pairs.append(.init(key: key, line: event.line, column: event.column, value: value))
            }
        }
        for pair in merged where lines.updateValue(pair.line, forKey: pair.key) == nil { pairs.append(pair) }
        return pairs
    }

    /// The value of a merge key `<<` (YAML 1.1, which Keptn's Go parser supports): a mapping or a list of mappings.
    private func pairsToMerge(_ value: YAMLNode, path: String) throws(Diagnostic) -> [YAMLNode.Pair] {
        switch value.content {
        case .mapping(let pairs): return pairs
        case .sequence(let elements):
            var all: [YAMLNode.Pair] = []
            for element in elements { all += try pairsToMerge(element, path: path) }
            return all
        case .scalar:
            throw Diagnostic(
                file: findings.file, line: value.line, column: value.column, path: path,
                message: "'<<' needs a mapping to merge, found \(value.found)")
        }
    }

    private func mistake(_ event: Event, _ path: String, _ message: String) -> Diagnostic {
        Diagnostic(file: findings.file, line: event.line, column: event.column, path: path, message: message)
    }
}

// MARK: - Events

extension YAMLComposer {
    private struct Event {
        enum Kind: Equatable {
            case streamStart, streamEnd, documentStart, documentEnd, sequenceStart, sequenceEnd, mappingStart,
                mappingEnd
            case alias(String)
            case scalar(String, quoted: Bool)
        }
        var kind: Kind
        var anchor: String?
        var line: Int
        var column: Int
    }

    private func next() throws(Diagnostic) -> Event {
        var raw = yaml_event_t()
        guard yaml_parser_parse(parser, &raw) == 1 else { throw syntaxError() }
        defer { yaml_event_delete(&raw) }
        var event = Event(kind: .streamEnd, line: raw.start_mark.line + 1, column: raw.start_mark.column + 1)
        switch raw.type {
        case YAML_STREAM_START_EVENT: event.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: event.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: event.kind = .documentEnd
        case YAML_ALIAS_EVENT: event.kind = .alias(text(raw.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = raw.data.scalar
            let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            let isText = ["tag:yaml.org,2002:str", "!"].contains(text(scalar.tag))
            event.kind = .scalar(
                String(decoding: value, as: UTF8.self), quoted: isText || scalar.style != YAML_PLAIN_SCALAR_STYLE)
            event.anchor = text(scalar.anchor)
        case YAML_SEQUENCE_START_EVENT:
            event.kind = .sequenceStart
            event.anchor = text(raw.data.sequence_start.anchor)
        case YAML_SEQUENCE_END_EVENT: event.kind = .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            event.kind = .mappingStart
            event.anchor = text(raw.data.mapping_start.anchor)
        case YAML_MAPPING_END_EVENT: event.kind = .mappingEnd
        default: break
        }
        return event
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(cString: $0) }
    }

    private func syntaxError() -> Diagnostic {
        let state = parser.pointee
        let problem = state.problem.map { String(cString: $0) } ?? "out of memory"
        let context = state.context.map { String(cString: $0) } ?? ""
        var place = (line: state.problem_mark.line + 1, column: state.problem_mark.column + 1)
        var message = "not valid YAML: \(problem)"
        if state.error == YAML_READER_ERROR {
            place = position(ofByte: state.problem_offset)
        } else if context == "while scanning a simple key" {
            // The problem is noticed only after the key.
            place = (state.context_mark.line + 1, state.context_mark.column + 1)
        } else if !context.isEmpty, state.context_mark.line != state.problem_mark.line {
            message += " \(context) that begins in line \(state.context_mark.line + 1)"
        }
        if let hint = Self.hints[problem] { message += "; \(hint)" }
        // libyaml's own limit, which strikes first where one token follows another without end.
        if problem.hasPrefix("Maximum nesting level") { message = Self.tooDeep }
        return Diagnostic(file: findings.file, line: place.line, column: place.column, message: message)
    }

    private func position(ofByte offset: Int) -> (line: Int, column: Int) {
        let lines = bytes.prefix(offset).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let last = lines.last.map { String(decoding: $0, as: UTF8.self) } ?? ""
        return (max(lines.count, 1), last.unicodeScalars.count + 1)
    }

    /// What usually is behind libyaml's words.
    private static let hints = [
        "did not find expected '-' indicator": "check the indentation: entries of a list begin in the same column",
        "did not find expected key": "check the indentation: keys of a mapping begin in the same column",
        "did not find expected comment or line break": "text that begins with > or | needs quotes",
        "did not find expected alphabetic or numeric character": "text that begins with * or & needs quotes",
        "found character that cannot start any token":
            "tabs cannot indent, and text that begins with @ or ` needs quotes",
        "found unexpected end of stream": "a quote or a bracket is not closed",
        "mapping values are not allowed in this context": "check the indentation, and quote text that contains ': '",
    ]
}
