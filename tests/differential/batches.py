"""Cases of the operations on several items: batches and transactions."""

import copy

import values


class BatchCases:
    """What a Case adds to its own kinds."""

    def make_batch_get(self):
        request = {}
        for table in self.random.sample(self.tables(), self.pick([1, 1, 2])):
            self.table = table
            self.seed_items()
            keys = []
            for _ in range(self.pick([1, 2, 3])):
                key = self.any_key()
                if key not in keys or self.chance(.05):
                    keys.append(key)
            request[table] = {"Keys": keys}
            self.get_projection(request[table])
            self.maybe(request[table], .2, "ConsistentRead", [True, False])
        document = {"RequestItems": request}
        self.common(document, write=False)
        if self.faults and self.chance(.5):
            self.faults -= 1
            self.damage_batch(request, "Keys")
        self.add("BatchGetItem", self.damage(document))

    def damage_batch(self, request, member):
        table = self.pick(sorted(request))
        self.pick([
            lambda: request.update({self.pick(values.WRONG_NAMES): request.pop(table)}),
            lambda: request.update({table: self.values.any_json()}),
            lambda: request.clear(),
            lambda: request.update({table: []} if member != "Keys" else {table: {"Keys": []}}),
            lambda: request.update({table: {"Keys": [self.key()] * 2}} if member == "Keys" else
                                   {table: [{"DeleteRequest": {"Key": self.key()}}] * 2}),
            lambda: request.update({table: {"Keys": [dict(self.key(), p={"S": str(i)}) for i in range(101)]}}
                                   if member == "Keys" else
                                   {table: [{"DeleteRequest": {"Key": dict(self.key(), p={"S": str(i)})}}
                                            for i in range(26)]})])()

    def make_batch_write(self):
        request = {}
        tables = self.random.sample(self.tables(), self.pick([1, 1, 2]))
        for table in tables:
            self.table = table
            self.seed_item()
            writes, keys = [], []
            for _ in range(self.pick([1, 2, 3])):
                key = self.any_key()
                if key in keys and self.chance(.9):
                    continue
                keys.append(key)
                writes.append({"PutRequest": {"Item": self.item(key)}} if self.chance(.7) else
                              {"DeleteRequest": {"Key": key}})
            request[table] = writes
        document = {"RequestItems": request}
        self.common(document)
        if self.faults and self.chance(.5):
            self.faults -= 1
            self.damage_batch(request, "Writes")
        self.add("BatchWriteItem", self.damage(document))
        for table in tables:
            self.table = table
            self.read_back()

    def make_transact_write(self):
        actions, keys = [], []
        tables = self.random.sample(self.tables(), self.pick([1, 1, 2]))
        for table in tables:
            self.table = table
            self.seed_item()
        for _ in range(self.pick([1, 2, 3])):
            self.table = self.pick(tables)
            key = self.any_key() if self.chance(.5) else self.key()
            if (self.table, key) in keys and self.chance(.95):
                continue
            keys.append((self.table, key))
            actions.append(self.action(key))
        document = {"TransactItems": actions}
        self.common(document)
        self.add("TransactWriteItems", self.damage(document))
        for table in tables:
            self.table = table
            self.read_back()

    def action(self, key):
        kind = self.pick(["Put", "Update", "Update", "Delete", "ConditionCheck"])
        body = {"TableName": self.table}
        wanted = {}
        if kind == "Put":
            body["Item"] = self.item(key)
        else:
            body["Key"] = key
        if kind == "Update":
            wanted["UpdateExpression"] = "update"
        if kind == "ConditionCheck" or self.chance(.3):
            wanted["ConditionExpression"] = "condition"
        self.put_expressions(body, wanted)
        self.maybe(body, .2, "ReturnValuesOnConditionCheckFailure", ["ALL_OLD", "NONE"])
        action = {kind: body}
        if self.faults and self.chance(.05):
            self.faults -= 1
            action[self.pick(["Put", "Delete", "Update", "ConditionCheck"])] = copy.deepcopy(body)
        return action

    def make_transact_get(self):
        actions = []
        for table in self.random.sample(self.tables(), self.pick([1, 1, 2])):
            self.table = table
            self.seed_items()
            keys = []
            for _ in range(self.pick([1, 2])):
                key = self.any_key()
                if key in keys and self.chance(.9):
                    continue
                keys.append(key)
                get = {"TableName": table, "Key": key}
                if self.chance(.4):
                    self.put_expressions(get, {"ProjectionExpression": "projection"})
                    get.pop("ExpressionAttributeValues", None)
                actions.append({"Get": get})
        document = {"TransactItems": actions}
        self.common(document, write=False)
        self.add("TransactGetItems", self.damage(document))
