/// Fills in a template.
struct Evaluator {
    /// Blocks, parentheses and templates inside of each other.
    static let depthMax = 200
    private static let bytesPerStep = 8
    static let tooMuchText = "the template makes more than \(Template.Budget.textBytesMax) bytes of text"

    let template: Template
    let missingKey: Template.MissingKey
    var variables: [(name: String, value: Value)] = []
    private var text = ""
    private(set) var budget: Template.Budget
    private var depth = 0

    init(_ template: Template, missingKey: Template.MissingKey, budget: Template.Budget) {
        self.template = template
        self.missingKey = missingKey
        self.budget = budget
    }

    mutating func render(_ data: Value) throws(TemplateMistake) -> String {
        variables = [("$", data)]
        _ = try walk(template.body, data)
        return text
    }

    /// How it goes on behind a node.
    private enum Flow {
        case next, leaveRange, nextOfRange
    }

    private mutating func walk(_ nodes: [Node], _ dot: Value) throws(TemplateMistake) -> Flow {
        for node in nodes {
            let flow = try walk(node, dot)
            guard flow == .next else { return flow }
        }
        return .next
    }

    private mutating func walk(_ node: Node, _ dot: Value) throws(TemplateMistake) -> Flow {
        switch node {
        case .text(let text): try write(text, at: 0)
        case .action(let pipeline):
            let value = try evaluate(pipeline, dot)
            guard pipeline.variables.isEmpty else { return .next }
            if case .missing = value {
                try write("<no value>", at: pipeline.range.lowerBound)
            } else {
                let printed = try call(.print, [value], at: pipeline.range)
                if case .string(let made) = printed { text += made }
            }
        case .choice(let ofDot, let branches, let otherwise):
            return try nested(branches[0].pipeline.range) { evaluator throws(TemplateMistake) in
                for branch in branches {
                    let value = try evaluator.evaluate(branch.pipeline, dot)
                    if value.isTrue { return try evaluator.walk(branch.body, ofDot ? value : dot) }
                }
                return try evaluator.walk(otherwise, dot)
            }
        case .range(let pipeline, let body, let otherwise):
            return try nested(pipeline.range) { evaluator throws(TemplateMistake) in
                try evaluator.walkRange(pipeline, body, otherwise, dot)
            }
        case .leaveRange: return .leaveRange
        case .nextOfRange: return .nextOfRange
        case .template(let name, let range, let data): try walkTemplate(name, range, data, dot)
        }
        return .next
    }

    private mutating func walkTemplate(
        _ name: String, _ range: Range<Int>, _ data: Pipeline?, _ dot: Value
    ) throws(TemplateMistake) {
        try step(range)
        guard let nodes = template.named[name] else {
            let known = template.named.keys.sorted().joined(separator: ", ")
            throw mistake(range, "there is no template \"\(name)\"; defined are: \(known.isEmpty ? "none" : known)")
        }
        var value = Value.missing
        if let data { value = try evaluate(data, dot) }
        let outer = variables
        variables = [("$", value)]
        _ = try nested(range) { evaluator throws(TemplateMistake) in try evaluator.walk(nodes, value) }
        variables = outer
    }

    /// A block, whose variables end with it.
    private mutating func nested(
        _ range: Range<Int>, _ body: (inout Evaluator) throws(TemplateMistake) -> Flow
    ) throws(TemplateMistake) -> Flow {
        let variablesBefore = variables.count
        try enter(range)
        let flow = try body(&self)
        depth -= 1
        variables.removeLast(variables.count - variablesBefore)
        return flow
    }
}

// MARK: - Ranges

extension Evaluator {
    private mutating func walkRange(
        _ pipeline: Pipeline, _ body: [Node], _ otherwise: [Node], _ dot: Value
    ) throws(TemplateMistake) -> Flow {
        let subject = try evaluate(pipeline, dot)
        let variablesBefore = variables.count
        var isEmpty = true
        /// One round; false when it was the last one.
        func round(_ evaluator: inout Evaluator, _ key: Value, _ element: Value) throws(TemplateMistake) -> Bool {
            isEmpty = false
            try evaluator.step(pipeline.range)
            evaluator.variables.removeLast(evaluator.variables.count - variablesBefore)
            // Of two variables the first is the index.
            let names = pipeline.variables
            if names.count == 2 { try evaluator.set(names[0], key, isNew: !pipeline.isAssignment, pipeline.range) }
            if let name = names.last { try evaluator.set(name, element, isNew: !pipeline.isAssignment, pipeline.range) }
            return try evaluator.walk(body, element) != .leaveRange
        }
        switch subject {
        case .missing, .null: break
        case .list(let elements):
            for (index, element) in elements.enumerated() {
                guard try round(&self, .integer(index), element) else { break }
            }
        case .object(let members):
            for (key, value) in members.entries {
                guard try round(&self, .string(key), value) else { break }
            }
        case .integer(let count):
            guard pipeline.variables.count < 2 else {
                throw mistake(pipeline.range, "a range over the number \(count) has one variable, not two")
            }
            var index = 0
            while index < count, try round(&self, .missing, .integer(index)) { index += 1 }
        default:
            throw mistake(
                pipeline.range, "range goes over lists, objects and whole numbers, not over \(subject.found)")
        }
        guard isEmpty else { return .next }
        // In Go `break` leaves this range from its own `else` too; `continue` there goes on with the next outer one.
        let flow = try walk(otherwise, dot)
        return flow == .leaveRange ? .next : flow
    }
}

// MARK: - Bounds

extension Evaluator {
    mutating func step(_ range: Range<Int>, count: Int = 1) throws(TemplateMistake) {
        budget.spend(steps: count)
        guard budget.steps >= 0 else {
            throw mistake(range, "the template takes more than \(Template.Budget.stepsMax) steps")
        }
    }

    mutating func enter(_ range: Range<Int>) throws(TemplateMistake) {
        depth += 1
        guard depth <= Self.depthMax else {
            throw mistake(range, "more than \(Self.depthMax) blocks and templates inside of each other")
        }
    }

    mutating func leave() { depth -= 1 }

    private mutating func write(_ addition: String, at offset: Int) throws(TemplateMistake) {
        text += addition
        try spend(addition.utf8.count, at: offset)
    }

    private mutating func spend(_ bytes: Int, at offset: Int) throws(TemplateMistake) {
        budget.spend(textBytes: bytes)
        guard budget.textBytes >= 0 else { throw template.source.mistake(offset, Self.tooMuchText) }
    }

    func mistake(_ range: Range<Int>, _ message: String) -> TemplateMistake {
        template.source.mistake(range.lowerBound, "'\(template.source.excerpt(range))': \(message)")
    }

    /// Calls a function. Text that it makes counts as the template's own.
    mutating func call(
        _ function: Function, _ arguments: [Value], at range: Range<Int>
    ) throws(TemplateMistake) -> Value {
        let allowed = function.arguments
        guard allowed.contains(arguments.count) else {
            let needed = allowed.upperBound == Int.max ? "at least \(allowed.lowerBound)" : "\(allowed.lowerBound)"
            throw mistake(range, "\(function.rawValue) needs \(needed) arguments and has \(arguments.count)")
        }
        for case .string(let text) in arguments { try step(range, count: text.utf8.count / Self.bytesPerStep) }
        let result: Value
        do throws(Function.Mistake) {
            result = try function.call(arguments.map(\.unwrapped), bytesMax: budget.textBytes)
        } catch {
            throw mistake(range, error.message)
        }
        switch function {
        case .and, .call, .eq, .ge, .gt, .index, .le, .len, .lt, .ne, .not, .or: break
        case .html, .js, .print, .printf, .println, .slice, .urlquery:
            if case .string(let text) = result { try spend(text.utf8.count, at: range.lowerBound) }
        }
        return result
    }
}
