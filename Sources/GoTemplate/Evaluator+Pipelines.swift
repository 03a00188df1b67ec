/// Pipelines, commands and operands.
extension Evaluator {
    /// The value of the last command, which is also given to the pipeline's variables.
    mutating func evaluate(_ pipeline: Pipeline, _ dot: Value) throws(TemplateMistake) -> Value {
        var value: Value?
        for command in pipeline.commands {
            value = try evaluate(command, dot, piped: value).unwrapped
        }
        let result = value ?? .missing
        for name in pipeline.variables { try set(name, result, isNew: !pipeline.isAssignment, pipeline.range) }
        return result
    }

    private mutating func evaluate(_ command: Command, _ dot: Value, piped: Value?) throws(TemplateMistake) -> Value {
        guard let first = command.operands.first else { return .missing }
        if case .function(let function) = first.term, first.fields.isEmpty {
            return try evaluate(function, first.range, command.operands.dropFirst(), dot, piped: piped)
        }
        let value = try evaluate(first, dot)
        if case .null = first.term { throw mistake(first.range, "nil alone is no value; as an argument it is one") }
        guard command.operands.count == 1, piped == nil else {
            throw mistake(first.range, "this is no function, so it takes no arguments")
        }
        return value
    }

    private mutating func evaluate(
        _ function: Function, _ range: Range<Int>, _ operands: ArraySlice<Operand>, _ dot: Value, piped: Value?
    ) throws(TemplateMistake) -> Value {
        var arguments: [Value] = []
        for operand in operands {
            let value = try evaluate(operand, dot)
            // They stop at the argument that decides.
            if function == .and && !value.isTrue || function == .or && value.isTrue { return value }
            arguments.append(value)
        }
        if let piped { arguments.append(piped) }
        return try call(function, arguments, at: range.lowerBound..<(operands.last?.range ?? range).upperBound)
    }

    private mutating func evaluate(_ operand: Operand, _ dot: Value) throws(TemplateMistake) -> Value {
        try step(operand.range)
        var value: Value
        switch operand.term {
        case .dot: value = dot
        case .null: value = .missing
        case .literal(let literal): value = literal
        case .variable(let name): value = variables[try index(of: name, operand.range)].value
        case .function(let function): value = try call(function, [], at: operand.range)
        case .pipeline(let pipeline):
            try enter(operand.range)
            value = try evaluate(pipeline, dot)
            leave()
        }
        for name in operand.fields { value = try field(name, of: value, operand.range) }
        return value
    }

    private func field(_ name: String, of value: Value, _ range: Range<Int>) throws(TemplateMistake) -> Value {
        switch value {
        case .object(let members):
            if let member = members[name] { return member }
            switch missingKey {
            case .default: return .missing
            case .zero: return .null
            case .error:
                let known = members.entries.prefix(20).map(\.key).joined(separator: ", ")
                throw mistake(
                    range, "there is no key '\(name)', " + (known.isEmpty ? "and no other" : "only: \(known)"))
            }
        case .missing where missingKey != .error: return .missing
        default: throw mistake(range, "\(value.found) has no field '\(name)'")
        }
    }
}

// MARK: - Variables

extension Evaluator {
    mutating func set(_ name: String, _ value: Value, isNew: Bool, _ range: Range<Int>) throws(TemplateMistake) {
        if isNew {
            variables.append((name, value))
            guard variables.count <= Parser.variablesMax else {
                throw mistake(range, "more than \(Parser.variablesMax) variables")
            }
        } else {
            variables[try index(of: name, range)].value = value
        }
    }

    /// Of variables with the same name the latest is meant.
    private func index(of name: String, _ range: Range<Int>) throws(TemplateMistake) -> Int {
        guard let index = variables.lastIndex(where: { $0.name == name }) else {
            throw mistake(range, "\(name) has no value here: it was declared in a branch that was not taken")
        }
        return index
    }
}
