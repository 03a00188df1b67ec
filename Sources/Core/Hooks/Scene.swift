import CloudEvents
import GoTemplate
import KeptnModel

/// What the texts of a mapping see: the payload, the headers and, with `forEach`, an entry of a list.
struct Scene: Sendable {
    private let members: [String: JSON]
    /// The members made ready for templates; the payload may be big, and so is made ready once.
    private let values: [String: Template.Values]

    init(payload: JSON, headers: JSON) {
        members = ["payload": payload, "headers": headers]
        values = members.mapValues { Template.Values($0) }
    }

    private init(_ scene: Scene, item: JSON) {
        members = scene.members.merging(["item": item]) { $1 }
        values = scene.values.merging(["item": Template.Values(item)]) { $1 }
    }

    /// One for each event that the mapping may lead to.
    func scenes(for mapping: EventMappings.Event) throws(HookMistake) -> [Scene] {
        guard let path = mapping.forEach else { return [self] }
        let list = path.reduce(members["payload"] ?? .null) { $0[$1] ?? .null }
        guard list.kind == .array else {
            if list.isNull { return [] }
            throw HookMistake(
                "'\(path.joined(separator: "."))' of the payload is a JSON \(list.kind.rawValue), no list")
        }
        let items = list.elements
        guard items.count <= HookRequest.eventsMax else {
            throw HookMistake("the list has \(items.count) entries; at most \(HookRequest.eventsMax) are taken")
        }
        return items.map { Scene(self, item: $0) }
    }

    func applies(_ when: String?, within budget: inout Template.Budget) throws(TemplateMistake) -> Bool {
        guard let when else { return true }
        let text = try Template(when).rendered(
            with: Template.Values(members: values), missingKey: .default, within: &budget)
        return text.filter { !$0.isWhitespace } == "true"
    }

    func filled(_ text: String, within budget: inout Template.Budget) throws(TemplateMistake) -> String {
        try Template(text).rendered(with: Template.Values(members: values), within: &budget)
    }

    func filled(_ text: String?, within budget: inout Template.Budget) throws(TemplateMistake) -> String? {
        guard let text else { return nil }
        return try filled(text, within: &budget) as String
    }

    /// Each text is filled in by itself, so that no value can get out of its place.
    func filled(_ json: JSON, within budget: inout Template.Budget) throws(TemplateMistake) -> JSON {
        switch json.kind {
        case .object:
            var members: [(key: String, value: JSON?)] = []
            for member in json.members {
                let value = try filled(member.value, within: &budget)
                if !(value.isNull && isLookUp(member.value)) { members.append((member.key, value)) }
            }
            return .object(members)
        case .array:
            var elements: [JSON] = []
            for element in json.elements { elements.append(try filled(element, within: &budget)) }
            return .array(elements)
        case .string:
            let text = json.stringValue ?? ""
            guard let value = value(of: text), !budget.isExceeded else {
                return .string(try filled(text, within: &budget))
            }
            budget.spend(textBytes: value.bytes.count)
            return value
        default: return json
        }
    }

    /// Whether it is a text that is nothing but a path of which a part may be missing.
    private func isLookUp(_ json: JSON) -> Bool {
        json.stringValue.flatMap { ValuePath($0) }.map { !$0.optional.isEmpty } ?? false
    }

    /// What a text that is nothing but a path stands for, null for what may be missing and is; nil for every other
    /// text, and when something is missing that has to be there.
    private func value(of text: String) -> JSON? {
        guard let path = ValuePath(text),
            let base = path.required.dropFirst().reduce(members[path.required[0]], { $0?[$1] })
        else { return nil }
        guard !path.optional.isEmpty else { return base }
        return path.optional.reduce(base) { $0?[$1] } ?? .null
    }
}
